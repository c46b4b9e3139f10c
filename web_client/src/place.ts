import type { PaperOptions } from './model';

export type Tab = 'studies' | 'ecgs';

/** Where the user is. It outlives an expired session, so that signing in again leads back. */
export interface Place {
  tab: Tab;
  opened: string | null;
  cursor: Record<Tab, string | null>;
  paper: PaperOptions;
  fitPaper: boolean;
}

export function startPlace(): Place {
  return {
    tab: 'studies',
    opened: null,
    cursor: { studies: null, ecgs: null },
    paper: { layout: '3x4', speed: 25, gain: 10 },
    fitPaper: true,
  };
}

/** The part of the place the address carries; opaque ids only. */
export function toHash(place: Place): string {
  return place.opened === null ? `#/${place.tab}` : `#/${place.tab}/${encodeURIComponent(place.opened)}`;
}

export function applyHash(hash: string, place: Place): void {
  const match = /^#\/(studies|ecgs)(?:\/([^/]+))?$/.exec(hash);
  if (match === null) return;
  place.tab = match[1] as Tab;
  place.opened = match[2] === undefined ? null : decoded(match[2]);
  if (place.opened !== null) place.cursor[place.tab] = place.opened;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
