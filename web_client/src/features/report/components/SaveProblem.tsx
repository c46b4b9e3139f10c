import { IconAlertTriangle } from '@tabler/icons-react';
import { asProblem, useProblemText } from '@/shared/api';
import { clock } from '@/shared/format/format';
import { useWords } from '../i18n';
import type { KeeperState } from '../model/keeper';
import styles from './report.module.css';

/** Why the server does not have the text, and that it is safe. */
export function SaveProblem({ state }: { state: KeeperState }) {
  const t = useWords();
  const text = useProblemText();
  const { phase, error, keptAt } = state;
  if (phase !== 'later' && phase !== 'refused') return null;
  const own = t.maybe(`refused.${asProblem(error).code}`);
  const kept = keptAt === null ? t('later.notKept') : t('later.kept', { time: clock(keptAt) });
  return (
    <div className={styles.problem} role="alert">
      <IconAlertTriangle size={16} />
      <span>
        {own ?? text(error)} {phase === 'later' ? kept : t('refused.kept')}
      </span>
    </div>
  );
}
