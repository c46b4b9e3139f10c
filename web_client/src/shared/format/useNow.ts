import { useEffect, useState } from 'react';

/** The time, renewed every second (or slower): a countdown is drawn from it, never counted down itself. */
export function useNow(everyMs = 1000): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
