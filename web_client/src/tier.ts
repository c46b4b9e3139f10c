import { h, icon } from './dom';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import type { Ecg, Severity } from './model';

interface Mark {
  readonly cls: string;
  readonly icon: string | null;
  readonly key: Key;
}

const SEVERITY: Readonly<Record<Severity, Mark>> = {
  red: { cls: 'r', icon: 'oct', key: 'tier.red' },
  orange: { cls: 'o', icon: 'tri', key: 'tier.orange' },
  routine: { cls: 'n', icon: 'dash', key: 'tier.routine' },
  normal: { cls: 'n', icon: 'dash', key: 'tier.normal' },
  uninterpretable: { cls: 'u', icon: 'unk', key: 'tier.uninterpretable' },
};

/** A tier is shape + word + hue; what is absent is hatched and named, never blank. */
export function severityMark(severity: Severity, tr: Translator): HTMLElement {
  return mark(SEVERITY[severity], tr);
}

export function ecgMark(ecg: Ecg, tr: Translator): HTMLElement {
  return mark(markOf(ecg), tr);
}

function markOf(ecg: Ecg): Mark {
  switch (ecg.status) {
    case 'pending':
      return { cls: 'u', icon: 'clock', key: 'tier.pending' };
    case 'failed':
      return { cls: 'u', icon: 'x', key: 'tier.failed' };
    case 'off':
      return { cls: 'u', icon: 'dash', key: 'tier.off' };
    case 'screened':
      return ecg.severity === null ? { cls: 'u', icon: 'unk', key: 'tier.none' } : SEVERITY[ecg.severity];
  }
}

function mark({ cls, icon: name, key }: Mark, tr: Translator): HTMLElement {
  return h('span', { class: `tier ${cls}` }, name === null ? null : icon(name), tr.t(key));
}
