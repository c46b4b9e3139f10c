import { IconFiles, IconFolder } from '@tabler/icons-react';
import { type ChangeEvent, type DragEvent, useRef, useState } from 'react';
import { useActions } from '@/shared/actions';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { droppedFiles } from '../model/dropped';
import styles from './inbox.module.css';

interface Props {
  readonly reading: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  /** What was dropped does not open: a stick pulled out, a folder that is locked. */
  readonly onFailed: () => void;
}

/** The one thing to do here: drop what the device or the disc holds. */
export function DropZone({ reading, onFiles, onFailed }: Props) {
  const t = useWords();
  const [over, setOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  useActions([
    {
      name: t('act.choose'),
      group: t('act.group'),
      keys: ['o'],
      hint: true,
      perform: () => folder.current?.click(),
    },
  ]);
  function drop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    void droppedFiles(event.dataTransfer).then(onFiles, onFailed);
  }
  function choose(event: ChangeEvent<HTMLInputElement>): void {
    onFiles([...(event.target.files ?? [])]);
    // The same folder may be chosen again.
    event.target.value = '';
  }
  return (
    <section
      className={over ? `${styles.drop} ${styles.over}` : styles.drop}
      aria-label={t('drop.title')}
      data-testid="drop-zone"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <IconFolder size={36} />
      <b className="t20">{t(over ? 'drop.over' : 'drop.title')}</b>
      <p className="sub t13" role="status">
        {t(reading ? 'drop.reading' : 'drop.what')}
      </p>
      <Button kind="primary" size="tall" keys="o" onClick={() => folder.current?.click()}>
        {t('drop.folder')}
      </Button>
      <Button size="tall" onClick={() => files.current?.click()}>
        <IconFiles size={16} />
        {t('drop.files')}
      </Button>
      <input
        ref={folder}
        type="file"
        hidden
        multiple
        aria-label={t('drop.folder')}
        onChange={choose}
        {...{ webkitdirectory: '' }}
      />
      <input
        ref={files}
        type="file"
        hidden
        multiple
        aria-label={t('drop.files')}
        data-testid="file-input"
        onChange={choose}
      />
    </section>
  );
}
