import { type SharedKey, useShared } from '@/shared/i18n';
import { Shape, type ShapeName } from './Shape';

export type TierName =
  | 'red'
  | 'orange'
  | 'routine'
  | 'normal'
  | 'uninterpretable'
  | 'pending'
  | 'failed'
  | 'off'
  | 'none';

const MARKS: Readonly<Record<TierName, { cls: string; shape: ShapeName; key: SharedKey }>> = {
  red: { cls: 'r', shape: 'octagon', key: 'tier.red' },
  orange: { cls: 'o', shape: 'triangle', key: 'tier.orange' },
  routine: { cls: 'n', shape: 'dash', key: 'tier.routine' },
  normal: { cls: 'n', shape: 'dash', key: 'tier.normal' },
  uninterpretable: { cls: 'u', shape: 'unknown', key: 'tier.uninterpretable' },
  pending: { cls: 'u', shape: 'clock', key: 'tier.pending' },
  failed: { cls: 'u', shape: 'cross', key: 'tier.failed' },
  off: { cls: 'u', shape: 'dash', key: 'tier.off' },
  none: { cls: 'u', shape: 'unknown', key: 'tier.none' },
};

/** A tier is shape + word + hue; what is absent is hatched and named, never blank. */
export function Tier({ tier }: { tier: TierName }) {
  const t = useShared();
  const { cls, shape, key } = MARKS[tier];
  return (
    <span className={`tier ${cls}`}>
      <Shape name={shape} />
      {t(key)}
    </span>
  );
}
