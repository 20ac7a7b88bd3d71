import { describe, expect, it } from 'vitest';
import type { Geofence } from '../schema.js';
import { isInArea } from './geofence.js';

type Corner = readonly [number, number];
const area = (...corners: readonly Corner[]): Geofence => ({
  type: 'Polygon',
  coordinates: [[...corners, corners[0] ?? [0, 0]].map(([x, y]): [number, number] => [x, y])],
});
const at = (longitude: number, latitude: number) => ({ longitude, latitude });

// Corners level with the middle, slanted edges, and a notch from the north down to (0, 1).
const diamond: readonly Corner[] = [
  [0, -4],
  [4, 0],
  [0, 4],
  [-4, 0],
];
const notched: readonly Corner[] = [
  [-4, -4],
  [4, -4],
  [4, 4],
  [0, 1],
  [-4, 4],
];

describe.each([
  ['as it is drawn', (corners: readonly Corner[]) => area(...corners)],
  ['drawn the other way round', (corners: readonly Corner[]) => area(...corners.toReversed())],
])('an outline %s', (_how, drawn) => {
  it.each<[string, readonly Corner[], Corner, boolean]>([
    ['the middle of a diamond, level with two corners', diamond, [0, 0], true],
    ['beside a diamond, level with two corners', diamond, [-5, 0], false],
    ['beside its point, level with it', diamond, [-1, 4], false],
    ['on a slanted edge', diamond, [3, -1], true],
    ['just within a slanted edge', diamond, [2.5, -1], true],
    ['just outside of a slanted edge', diamond, [3.5, -1], false],
    ['on the other slanted edge', diamond, [-3, 1], true],
    ['in line with an edge, beyond its end', diamond, [5, 1], false],
    ['in line with an edge, before its begin', diamond, [-1, -5], false],
    ['in the notch', notched, [0, 3], false],
    ['at the bottom of the notch', notched, [0, 1], true],
    ['under the notch', notched, [0, 0.5], true],
    ['beside the notch, level with its bottom', notched, [-3, 1], true],
    ['west of the notch', notched, [-3.5, 2], true],
    ['on the flat southern edge', notched, [1, -4], true],
    ['beside the flat southern edge', notched, [-5, -4], false],
  ])('%s', (_where, corners, [x, y], isInside) => {
    expect(isInArea(drawn(corners), at(x, y))).toBe(isInside);
  });
});

it.each([at(Number.NaN, 0), at(0, Number.NaN), at(Number.POSITIVE_INFINITY, 0)])('%j is nowhere', (position) => {
  expect(isInArea(area(...diamond), position)).toBe(false);
});
