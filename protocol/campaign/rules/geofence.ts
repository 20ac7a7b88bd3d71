/**
 * A claim needs a phone position inside the district, for residents and visitors alike.
 *
 * The outline is GeoJSON in WGS 84. Map services in China use GCJ-02, some hundred metres off; clients convert before they
 * claim. A position on the outline counts as inside, because positions are less exact than that.
 */
import type { Campaign, Geofence } from '../schema.js';
import type { ClaimRule, Position } from './rule.js';

export const geofenceRule: ClaimRule = {
  id: 'geofence',
  evaluate({ campaign: { claim } }, { position }) {
    if (claim.geofence === null) return null;
    if (position === null || !isPosition(position)) return 'position-missing';
    return isInArea(claim.geofence, position) ? null : 'outside-area';
  },
  examples: [
    { claim: 'anywhere, where there is no outline', ask: { position: null }, gives: null },
    { claim: 'in the district', ...from(128.84, 47.85), gives: null },
    { claim: 'in Harbin', ...from(126.63, 45.75), gives: 'outside-area' },
    { claim: 'on its western edge', ...from(128, 47.5), gives: null },
    { claim: 'on its corner', ...from(128, 47), gives: null },
    { claim: 'level with its northern edge, outside', ...from(127, 48), gives: 'outside-area' },
    { claim: 'in the lake that is left out', ...from(128.5, 47.5), gives: 'outside-area' },
    { claim: 'in the exclave', ...from(130.5, 47.5), gives: null },
    { claim: 'between district and exclave', ...from(129.5, 47.5), gives: 'outside-area' },
    { claim: 'with the two numbers exchanged', ...from(47.85, 128.84), gives: 'outside-area' },
    { claim: 'with a position that is no number', ...from(Number.NaN, 47.85), gives: 'position-missing' },
    { claim: 'with no position', ask: { position: null }, campaign: { claim: district() }, gives: 'position-missing' },
  ],
};

const isPosition = ({ longitude, latitude }: Position): boolean =>
  Number.isFinite(longitude) && Number.isFinite(latitude);

export function isInArea(geofence: Geofence, position: Position): boolean {
  if (!isPosition(position)) return false;
  const { longitude, latitude } = position;
  const polygons = geofence.type === 'Polygon' ? [geofence.coordinates] : geofence.coordinates;
  return polygons.some(([outline = [], ...holes]) => {
    if (place(outline, longitude, latitude) === 'outside') return false;
    return holes.every((hole) => place(hole, longitude, latitude) !== 'inside');
  });
}

/** Ray casting: counts the edges that a ray to the east crosses; an odd count is inside. */
function place(ring: readonly (readonly [number, number])[], x: number, y: number): 'inside' | 'outside' | 'edge' {
  let isInside = false;
  let previous = ring.at(-1);
  for (const corner of ring) {
    const [ax, ay] = previous ?? corner;
    const [bx, by] = corner;
    previous = corner;
    // Twice the area of the triangle of edge and point: zero where they are collinear.
    const area = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    const isBeside = x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by);
    if (area === 0 && isBeside) return 'edge';
    // Half-open interval, so that a ray through a corner crosses only one of its two edges.
    if (ay > y !== by > y && area > 0 === by > ay) isInside = !isInside;
  }
  return isInside ? 'inside' : 'outside';
}

function district(): Pick<Campaign['claim'], 'geofence'> {
  const square = (west: number, south: number, side: number): [number, number][] => [
    [west, south],
    [west + side, south],
    [west + side, south + side],
    [west, south + side],
    [west, south],
  ];
  return {
    geofence: {
      type: 'MultiPolygon',
      coordinates: [[square(128, 47, 1), square(128.4, 47.4, 0.2)], [square(130, 47, 1)]],
    },
  };
}

function from(longitude: number, latitude: number) {
  return { ask: { position: { longitude, latitude } }, campaign: { claim: district() } };
}
