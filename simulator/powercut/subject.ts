/** What a power-cut check is done to: a store that ships, the lives that it leads under record, and who judges what is left. */

/** How a state that a cut left was found, when the real adapter opened it. */
export interface Verdict {
  /** Things that had been called back as safe and are not there. */
  readonly lost: number;
  /** Things that are there twice. */
  readonly doubled: number;
  /** 1 where it doesn't open, doesn't add up, or holds what nobody wrote. */
  readonly corrupt: number;
  readonly why: string | undefined;
}

export const SOUND: Verdict = { lost: 0, doubled: 0, corrupt: 0, why: undefined };

export interface Subject {
  readonly name: 'journal' | 'ledger';
  readonly lives: number;
  /** Whether it promises to outlive blocks that the card garbled while it wrote beside what was safe already. */
  readonly outlivesGarbling: boolean;
  /** Files that hold nothing: SQLite makes the shared-memory index anew at every start. */
  ignores(path: string): boolean;
  /** Leads one life in `folder`, and marks what it asked for and what it was told. May end by killing itself. */
  live(life: number, folder: string, mark: (text: string) => void): Promise<void>;
  /** Opens what is in `folder`, with the marks made before the cut. */
  judge(folder: string, marks: readonly string[]): Promise<Verdict>;
}
