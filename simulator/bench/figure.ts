/** One measured figure: its ratio to a limit of the same run first, then the figure, then what is aimed at. */
export interface Figure {
  readonly name: string;
  /** How it stands to the limit of the same run; null where the aim is absolute. */
  readonly ratio: number | null;
  readonly value: number;
  readonly unit: string;
  /** In words: what the value is held against, and the aim. */
  readonly against: string;
  readonly met: boolean | null;
}

export const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
export const quantile = (values: readonly number[], q: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

/** A figure for information, without a limit, misses none. */
export const isMissed = ({ met }: Figure): boolean => met === false;

export function describeFigure({ name, ratio, value, unit, against, met }: Figure): string {
  const mark = met === null ? ' ' : met ? '✓' : '✗';
  const first = ratio === null ? '' : `${ratio.toFixed(2)} x   `;
  return `${mark} ${name.padEnd(44)} ${first.padEnd(11)}${Number(value.toPrecision(3)).toString().padStart(8)} ${unit.padEnd(10)} ${against}`;
}
