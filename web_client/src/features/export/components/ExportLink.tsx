import { IconFileZip } from '@tabler/icons-react';
import { useCan } from '@/shared/session/permissions';
import { useWords } from '../i18n';

/** Saves a study as a ZIP, for those who may take it out of here. */
export function ExportLink({ studyId }: { readonly studyId: string }) {
  const t = useWords();
  const can = useCan();
  if (!can('exam.export')) return null;
  return (
    <a
      className="btn s"
      href={`/api/studies/${encodeURIComponent(studyId)}/export`}
      download
      data-testid="export"
      title={t('link.title')}
    >
      <IconFileZip size={16} /> {t('link.label')}
    </a>
  );
}
