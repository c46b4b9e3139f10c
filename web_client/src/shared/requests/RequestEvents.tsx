import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { Coalesce } from '@/shared/live/coalesce';
import { useLiveEvents } from '@/shared/live/store';
import { REQUESTS } from './requests';

const GATHER_MS = 300;
const TOPICS = /^(request|alarm|study|ecg|report|consult)\./;

/** Reads lists and cases again when an event speaks of one; a CT's hundred events are one reading. */
export function RequestEvents(): null {
  const queries = useQueryClient();
  const gather = useMemo(
    () => new Coalesce(GATHER_MS, () => queries.invalidateQueries({ queryKey: REQUESTS })),
    [queries],
  );
  useEffect(() => () => gather.stop(), [gather]);
  useLiveEvents((event) => {
    if (TOPICS.test(event.topic)) gather.add(event.topic);
  });
  return null;
}
