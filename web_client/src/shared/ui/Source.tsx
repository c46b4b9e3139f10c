import type { ReactNode } from 'react';
import { useShared } from '@/shared/i18n';

const CLASS = { machine: 'mac', doctor: 'doc', device: 'dev' } as const;

/** Who says so: 设 device, 机 machine, 医 doctor. */
export function Source({ by }: { by: keyof typeof CLASS }) {
  const t = useShared();
  return (
    <abbr className={`src ${CLASS[by]}`} title={t(`source.${by}Name`)}>
      {t(`source.${by}`)}
    </abbr>
  );
}

/** Everything a machine says stands in here: violet, dashed, under its label. */
export function MachineBox({ children }: { children: ReactNode }) {
  const t = useShared();
  return (
    <section className="mac-box" aria-label={t('machine.label')}>
      <p className="mac-note b">
        <Source by="machine" /> {t('machine.label')}
      </p>
      {children}
    </section>
  );
}
