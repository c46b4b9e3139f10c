/** What /ws sends: ids only, never a patient's data. */
export interface LiveEvent {
  readonly id: number;
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
}
