import { useState } from 'react';
import { Button, Dialog } from '@/shared/ui';
import { useWords } from '../i18n';
import { NOMINAL_PX_PER_MM } from '../model/display';
import { useDisplay } from '../model/useDisplay';
import styles from './ecg.module.css';

/** ISO/IEC 7810 ID-1: bank and identity cards. */
const CARD_MM = { width: 85.6, height: 53.98 } as const;
const RANGE = { min: 2.4, max: 7, step: 0.01 } as const;

interface Props {
  readonly open: boolean;
  readonly onClose: (measured: boolean) => void;
}

/** Asks for the size of this screen, once: a card held against it tells pixels from millimetres. */
export function ScreenSize({ open, onClose }: Props) {
  const t = useWords();
  const known = useDisplay((display) => display.pxPerMm);
  const [pxPerMm, setPxPerMm] = useState(known ?? NOMINAL_PX_PER_MM);
  return (
    <Dialog title={t('size.title')} open={open} onClose={() => onClose(false)} size={680}>
      <p className="sub">{t('size.what')}</p>
      <div
        className={styles.card}
        data-testid="size-card"
        style={{ width: CARD_MM.width * pxPerMm, height: CARD_MM.height * pxPerMm }}
      />
      <input
        type="range"
        className={styles.slider}
        aria-label={t('size.slider')}
        {...RANGE}
        value={pxPerMm}
        onChange={(event) => setPxPerMm(Number(event.target.value))}
      />
      <div className="row">
        <Button
          kind="primary"
          onClick={() => {
            useDisplay.setState({ pxPerMm });
            onClose(true);
          }}
        >
          {t('size.save')}
        </Button>
        {known !== null && (
          <Button
            onClick={() => {
              useDisplay.setState({ pxPerMm: null });
              onClose(false);
            }}
          >
            {t('size.forget')}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
