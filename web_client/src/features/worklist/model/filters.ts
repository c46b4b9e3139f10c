/** What the list shows, as it stands in the address: a view can be kept as a bookmark and sent to a colleague. */
export interface Filters {
  readonly view: View;
  readonly kind?: 'ecg' | 'imaging';
  readonly risk?: 'red' | 'orange' | 'uninterpretable' | 'routine';
  readonly institution_id?: string;
  readonly q?: string;
}

export const VIEWS = ['open', 'mine', 'review', 'returned', 'done'] as const;
export type View = (typeof VIEWS)[number];
export const RISKS = ['red', 'orange', 'uninterpretable', 'routine'] as const;
const KINDS = ['ecg', 'imaging'] as const;

/** Reads an address; what it does not know, it leaves out. */
export function filtersOf(search: Readonly<Record<string, unknown>>): Filters {
  const one = <T extends string>(value: unknown, known: readonly T[]): T | undefined =>
    known.find((each) => each === value);
  const text = (value: unknown): string | undefined => {
    const written = typeof value === 'number' ? String(value) : value;
    return typeof written === 'string' && written.trim() !== '' ? written : undefined;
  };
  const found = {
    kind: one(search.kind, KINDS),
    risk: one(search.risk, RISKS),
    institution_id: text(search.institution_id),
    q: text(search.q),
  };
  const set = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  return { view: one(search.view, VIEWS) ?? 'open', ...set };
}

/** Whether anything but the view narrows the list. */
export function narrowed(filters: Filters): boolean {
  const { view: _, ...rest } = filters;
  return Object.keys(rest).length > 0;
}
