/**
 * What a power cut may leave of a disk. Of the changes that nothing has made safe yet, each has a fate of its own: done,
 * lost, torn (some of its 512-byte sectors written, some not), hollow (the file has grown, what fills it is zeros: delayed
 * allocation), or garbled (the card was programming those blocks when the power went, and they hold anything).
 */
import { createHash } from 'node:crypto';
import { type Asked, bytesOf, type Change, type Disk, type Node, namesOf } from './disk.js';

/** The unit that a disk writes whole or not at all (ATA and SD both address 512 bytes). */
const SECTOR = 512;
/** What Linux hands to the disk at once: a page of the cache. A card that garbles loses whole blocks. */
const BLOCK = 4_096;

export interface Chance {
  /** 0 .. limit-1. */
  below(limit: number): number;
}

export type Fate = 'done' | 'lost' | 'torn' | 'hollow' | 'garbled';
export type Cut = ReadonlyMap<Asked, Fate>;

/** A folder's files by path within it; folders end with a slash and hold no bytes. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface CutOptions {
  readonly chance: Chance;
  /** States to draw beside "nothing" and "everything". */
  readonly draws: number;
  /** Whether whole blocks may be garbled: more than a file system promises not to do. */
  readonly garbling: boolean;
}

/** Cuts to try at this moment: nothing, everything, and drawn ones of every kind. */
export function cutsAt(unkept: readonly Asked[], { chance, draws, garbling }: CutOptions): Cut[] {
  const every = (fate: (asked: Asked, index: number) => Fate): Cut =>
    new Map(unkept.map((asked, index) => [asked, fate(asked, index)]));
  if (unkept.length === 0) return [new Map()];
  const partly = (): Fate =>
    (['torn', 'torn', 'hollow', garbling ? 'garbled' : 'torn'] as const)[chance.below(4)] ?? 'torn';
  const kinds: readonly (() => Cut)[] = [
    // In the order asked for, broken off somewhere: what a simple disk does.
    () => {
      const at = chance.below(unkept.length);
      return every((_, index) => (index < at ? 'done' : index === at ? partly() : 'lost'));
    },
    // Reordered: everything but one.
    () => {
      const at = chance.below(unkept.length);
      const fate = chance.below(2) === 0 ? 'lost' : partly();
      return every((_, index) => (index === at ? fate : 'done'));
    },
    // Reordered: the last first.
    () => {
      const at = chance.below(unkept.length);
      return every((_, index) => (index >= at ? 'done' : 'lost'));
    },
    // Any part.
    () => every(() => (['done', 'lost', partly()] as const)[chance.below(3)] ?? 'lost'),
    // The whole of one file or folder and nothing of the others.
    () => {
      const node = unkept[chance.below(unkept.length)]?.node;
      return every((asked) => (asked.node === node ? 'done' : 'lost'));
    },
  ];
  const drawn = Array.from({ length: draws }, (_, index) => kinds[index % kinds.length]?.() ?? new Map<Asked, Fate>());
  return [every(() => 'lost'), every(() => 'done'), ...drawn];
}

/** The files that this cut leaves. */
export function filesAfter(disk: Disk, cut: Cut, chance: Chance): Files {
  const files = new Map<string, Uint8Array>();
  const walk = (node: Node, at: string): void => {
    const log = node.log.flatMap((asked) => (asked.standing === 'kept' ? [asked] : leftOf(asked, cut, chance)));
    if (node.kind === 'file') {
      files.set(at, bytesOf(node, log));
      return;
    }
    if (at !== '') files.set(`${at}/`, new Uint8Array());
    for (const [name, child] of namesOf(node, log)) walk(child, at === '' ? name : `${at}/${name}`);
  };
  walk(disk.root, '');
  return files;
}

function leftOf(asked: Asked, cut: Cut, chance: Chance): { readonly change: Change }[] {
  const fate = cut.get(asked) ?? 'lost';
  const { change } = asked;
  if (fate === 'lost') return [];
  if (fate === 'done') return [asked];
  // Names and lengths change whole or not at all.
  if (change.kind !== 'write') return chance.below(2) === 0 ? [asked] : [];
  const end = change.offset + change.data.length;
  switch (fate) {
    case 'hollow':
      // Growth without its bytes; where the file was that long already, nothing happened.
      return [{ change: { kind: 'write', offset: end, data: new Uint8Array() } }];
    case 'garbled': {
      const from = Math.floor(change.offset / BLOCK) * BLOCK;
      const data = new Uint8Array(Math.min(Math.ceil(end / BLOCK) * BLOCK, end + chance.below(BLOCK)) - from);
      for (let at = 0; at < data.length; at++) data[at] = chance.below(256);
      return [{ change: { kind: 'write', offset: from, data } }];
    }
    case 'torn': {
      const parts: { readonly change: Change }[] = [];
      for (let from = change.offset; from < end; ) {
        const to = Math.min(end, (Math.floor(from / SECTOR) + 1) * SECTOR);
        const data = change.data.subarray(from - change.offset, to - change.offset);
        if (chance.below(2) === 0) parts.push({ change: { kind: 'write', offset: from, data } });
        from = to;
      }
      return parts;
    }
  }
}

export function digestOf(files: Files): string {
  const hash = createHash('sha1');
  for (const [name, bytes] of files) hash.update(`${name}\n${bytes.length}\n`).update(bytes);
  return hash.digest('base64');
}
