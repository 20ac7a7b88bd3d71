/**
 * A disk that remembers what it was told and what it promised. Every write, new length and directory entry is `asked`
 * for until an fsync of its file or folder makes it `kept`. A power cut keeps what is kept and, of what was only asked
 * for, whatever it likes: any part, in any order.
 *
 * An fsync that fails is worse than none: Linux then takes the pages for clean, so a later fsync that succeeds says
 * nothing of them (https://lwn.net/Articles/752063/). Such changes are `doomed`: seen by whoever reads while the power is
 * on, on the disk only by luck, and made safe by nothing but being written again.
 *
 * Stricter than ext4 on purpose: fsync of a new file doesn't keep its name (POSIX promises nothing), and directory
 * entries have no order among themselves.
 */
import path from 'node:path';
import type { TraceEvent } from './trace.js';

export type Standing = 'asked' | 'kept' | 'doomed';

/** What one change does to the bytes of its file. */
export type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: 'size'; readonly size: number }
  | { readonly kind: 'name'; readonly name: string; readonly node: Node | undefined };

/** One change to one file or folder. */
export interface Asked {
  readonly node: Node;
  readonly change: Change;
  standing: Standing;
  /** How many of the syncs begun so far were begun before it. */
  readonly order: number;
}

export interface Node {
  readonly id: number;
  readonly kind: 'file' | 'folder';
  /** Of a file: its bytes with everything that is kept and has nothing unkept before it. */
  base: Buffer;
  /** Of a folder: the same, for its names. */
  names: ReadonlyMap<string, Node>;
  log: Asked[];
}

interface OpenFile {
  readonly node: Node;
  position: number;
}

export class Disk {
  readonly root: Node;
  readonly #rootPath: string;
  readonly #ignored: (path: string) => boolean;
  #nodes = 0;
  #order = 0;
  #open = new Map<number, OpenFile>();
  readonly #syncs = new Map<number, number>();

  /** Watches the folder `rootPath`, which is there and safe; files that `ignored` names are rebuilt at every start. */
  constructor(rootPath: string, ignored: (path: string) => boolean) {
    this.root = this.#node('folder');
    this.#rootPath = rootPath;
    this.#ignored = ignored;
  }

  /** Another process: what the last one had open is closed. */
  newProcess(): void {
    this.#open.clear();
    this.#syncs.clear();
  }

  /** True where the disk is another one afterwards: where a cut is worth trying. */
  apply(event: TraceEvent): boolean {
    switch (event.kind) {
      case 'open':
        return this.#opened(event);
      case 'close':
        this.#open.delete(event.fd);
        return false;
      case 'write':
        return this.#written(event.fd, event.data, event.offset);
      case 'resize':
        return this.#ask(this.#open.get(event.fd)?.node, { kind: 'size', size: event.size });
      case 'sync-begun':
        this.#order += 1;
        this.#syncs.set(event.sync, this.#order);
        return false;
      case 'sync-ended':
        return this.#synced(event);
      case 'unlink':
        return this.#name(event.path, undefined);
      case 'rename': {
        const node = this.#find(event.from);
        const named = node !== undefined && this.#name(event.to, node);
        return this.#name(event.from, undefined) || named;
      }
      case 'mkdir':
        return this.#name(event.path, this.#node('folder'));
      case 'other':
        if (this.#isMine(event.path)) throw new Error(`${event.call} of ${event.path} is not followed`);
        return false;
    }
  }

  /** Everything that a cut now may keep or lose, in the order in which it was asked for. */
  unkept(): Asked[] {
    const found: Asked[] = [];
    const seen = new Set<Node>();
    const walk = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      for (const asked of node.log) {
        if (asked.standing !== 'kept') found.push(asked);
        if (asked.change.kind === 'name' && asked.change.node !== undefined) walk(asked.change.node);
      }
      for (const child of node.names.values()) walk(child);
    };
    walk(this.root);
    return found.sort((a, b) => a.order - b.order || a.node.id - b.node.id);
  }

  #node(kind: Node['kind']): Node {
    this.#nodes += 1;
    return { id: this.#nodes, kind, base: Buffer.alloc(0), names: new Map(), log: [] };
  }

  #isMine(file: string): boolean {
    return (file === this.#rootPath || file.startsWith(`${this.#rootPath}/`)) && !this.#ignored(file);
  }

  /** As a running process sees it. */
  #find(file: string): Node | undefined {
    if (!this.#isMine(file)) return undefined;
    let node: Node | undefined = this.root;
    for (const name of path.relative(this.#rootPath, file).split('/')) {
      if (name === '') continue;
      node = node === undefined ? undefined : namesOf(node).get(name);
    }
    return node;
  }

  #opened({ fd, path: file, create, empty }: TraceEvent & { readonly kind: 'open' }): boolean {
    this.#open.delete(fd);
    if (!this.#isMine(file)) return false;
    const found = this.#find(file);
    const node = found ?? (create ? this.#node('file') : undefined);
    if (node === undefined) return false;
    this.#open.set(fd, { node, position: 0 });
    if (found === undefined) return this.#name(file, node);
    return empty && this.#ask(node, { kind: 'size', size: 0 });
  }

  #written(fd: number, data: Uint8Array, at: number | undefined): boolean {
    const open = this.#open.get(fd);
    if (open === undefined) return false;
    const offset = at ?? open.position;
    if (at === undefined) open.position += data.length;
    return this.#ask(open.node, { kind: 'write', offset, data });
  }

  #name(file: string, node: Node | undefined): boolean {
    if (!this.#isMine(file)) return false;
    return this.#ask(this.#find(path.dirname(file)), { kind: 'name', name: path.basename(file), node });
  }

  #ask(node: Node | undefined, change: Change): boolean {
    if (node === undefined) return false;
    this.#order += 1;
    node.log.push({ node, change, standing: 'asked', order: this.#order });
    return true;
  }

  #synced({ fd, sync, failed }: TraceEvent & { readonly kind: 'sync-ended' }): boolean {
    const node = this.#open.get(fd)?.node;
    const begun = this.#syncs.get(sync);
    this.#syncs.delete(sync);
    if (node === undefined || begun === undefined) return false;
    for (const asked of node.log) {
      if (asked.order < begun && asked.standing === 'asked') asked.standing = failed ? 'doomed' : 'kept';
    }
    const first = node.log.findIndex(({ standing }) => standing !== 'kept');
    const settled = first < 0 ? node.log : node.log.slice(0, first);
    node.base = bytesOf(node, settled);
    node.names = namesOf(node, settled);
    node.log = first < 0 ? [] : node.log.slice(first);
    return true;
  }
}

/** The bytes of a file after these changes; a hole is zeros, as in every file system. */
export function bytesOf(node: Node, log: readonly { readonly change: Change }[] = node.log): Buffer {
  let size = node.base.length;
  let room = size;
  for (const { change } of log) {
    if (change.kind === 'write') room = Math.max(room, change.offset + change.data.length);
  }
  const bytes = Buffer.alloc(room);
  node.base.copy(bytes);
  for (const { change } of log) {
    if (change.kind === 'write') {
      bytes.set(change.data, change.offset);
      size = Math.max(size, change.offset + change.data.length);
    } else if (change.kind === 'size') {
      if (change.size < size) bytes.fill(0, change.size, size);
      size = change.size;
    }
  }
  if (size <= room) return bytes.subarray(0, size);
  return Buffer.concat([bytes, Buffer.alloc(size - room)]);
}

export function namesOf(node: Node, log: readonly { readonly change: Change }[] = node.log): ReadonlyMap<string, Node> {
  const names = new Map(node.names);
  for (const { change } of log) {
    if (change.kind !== 'name') continue;
    if (change.node === undefined) names.delete(change.name);
    else names.set(change.name, change.node);
  }
  return names;
}
