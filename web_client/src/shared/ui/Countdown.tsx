import type { CSSProperties } from 'react';
import { countdown } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';

interface Props {
  readonly dueAt: string;
  /** When the clock began, for the bar beneath. */
  readonly since: string;
  readonly now: Date;
}

/** Time left to a moment, as figures and as a bar; past it, how long ago. */
export function Countdown({ dueAt, since, now }: Props) {
  const t = useShared();
  const due = Date.parse(dueAt);
  const left = due - now.getTime();
  const span = due - Date.parse(since);
  const share = span > 0 ? Math.max(0, Math.min(1, left / span)) : 0;
  const time = countdown(left);
  return (
    <div className={left < 0 ? 'countdown over' : 'countdown'}>
      <time dateTime={dueAt} title={t(left < 0 ? 'time.over' : 'time.left', { time })}>
        {left < 0 ? `+${time}` : time}
      </time>
      {left < 0 ? (
        <small>{t('time.overdue')}</small>
      ) : (
        <i className="track" style={{ '--share': share } as CSSProperties} />
      )}
    </div>
  );
}
