import { Button, Shape } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './report.module.css';

interface Props {
  /** A machine suspects one: a physician has to decide. */
  readonly suspected: boolean;
  readonly critical: boolean | null;
  readonly onDecide: (critical: boolean | null) => void;
}

/** Whether the case is a critical value (危急值): decided in place, beside the signature, never in a dialog. */
export function Critical({ suspected, critical, onDecide }: Props) {
  const t = useWords();
  if (!suspected) {
    return (
      <label className={styles.mark}>
        <input
          type="checkbox"
          checked={critical === true}
          onChange={(event) => onDecide(event.target.checked ? true : null)}
        />
        {t('critical.mark')}
      </label>
    );
  }
  return (
    <section className={styles.critical} aria-label={t('critical.label')}>
      <b className="c-red">
        <Shape name="octagon" /> {t('critical.suspected')}
      </b>
      <Button
        size="small"
        kind={critical === null ? 'danger' : 'plain'}
        aria-pressed={critical === true}
        className={critical === true ? 'on' : ''}
        onClick={() => onDecide(true)}
      >
        {t(critical === true ? 'critical.confirmed' : 'critical.confirm')}
      </Button>
      <Button
        size="small"
        aria-pressed={critical === false}
        className={critical === false ? 'on' : ''}
        onClick={() => onDecide(false)}
      >
        {t(critical === false ? 'critical.dismissed' : 'critical.dismiss')}
      </Button>
    </section>
  );
}
