import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import styles from './ecg.module.css';

interface Props {
  readonly pages: readonly string[];
  readonly onDone: () => void;
  readonly onFailed: () => void;
}

/** Pages that only the printer sees: asks for it once all are there, and goes when that is over. */
export function PaperPrint({ pages, onDone, onFailed }: Props) {
  const [loaded, setLoaded] = useState(0);
  const whole = loaded === pages.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the last page is there
  useEffect(() => {
    if (!whole) return;
    addEventListener('afterprint', onDone, { once: true });
    window.print();
    return () => removeEventListener('afterprint', onDone);
  }, [whole]);
  return createPortal(
    <div className={styles.printed} data-testid="printed">
      {pages.map((page) => (
        <img key={page} src={page} alt="" onLoad={() => setLoaded((count) => count + 1)} onError={onFailed} />
      ))}
    </div>,
    document.body,
  );
}
