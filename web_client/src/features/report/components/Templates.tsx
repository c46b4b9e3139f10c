import type { KeyboardEvent } from 'react';
import type { TemplateOut } from '@/shared/api/types';
import type { Request } from '@/shared/requests/requests';
import { Dialog, ErrorLine, Loading } from '@/shared/ui';
import { useTemplates } from '../api/useReport';
import { useWords } from '../i18n';
import styles from './report.module.css';

interface Props {
  readonly request: Request;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onChoose: (template: TemplateOut) => void;
}

/** The texts to begin with; a digit picks one. */
export function Templates({ request, open, onClose, onChoose }: Props) {
  const t = useWords();
  const { data, error, refetch } = useTemplates(request);
  const onKey = (event: KeyboardEvent): void => {
    const chosen = data?.[Number(event.key) - 1];
    if (chosen === undefined || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    onChoose(chosen);
  };
  return (
    <Dialog title={t('template.title')} open={open} onClose={onClose}>
      <p className="sub t13">{t('template.note')}</p>
      {error !== null && <ErrorLine error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Loading />}
      {data?.length === 0 && <p>{t('template.none')}</p>}
      <ol className={styles.templates}>
        {data?.map((template, index) => (
          <li key={template.id}>
            <button
              type="button"
              onKeyDown={onKey}
              data-autofocus={index === 0 || undefined}
              onClick={() => onChoose(template)}
            >
              <kbd>{index + 1}</kbd>
              <b>{t.lang === 'zh' ? template.name_zh : template.name_en}</b>
              <span className="sub ell">{template.impression}</span>
            </button>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
