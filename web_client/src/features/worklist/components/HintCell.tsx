import { textOf } from '@/shared/format/format';
import type { Request } from '@/shared/requests/requests';
import { Missing, Source } from '@/shared/ui';
import { useWords } from '../i18n';

/** What the machine says of one case, under its badge; where it says nothing, that too is said. */
export function HintCell({ request }: { request: Request }) {
  const t = useWords();
  const [first, ...rest] = request.hints;
  const joined = (words: Request['hints']): string =>
    words.map((word) => textOf(word, t.lang)).join(t.lang === 'zh' ? '；' : '; ');
  const changes = joined(request.changes);
  if (first !== undefined) {
    return (
      <>
        <Source by="machine" />
        <div className="grow">
          <div className={request.risk === 'routine' ? 'ell' : 'ell b'} title={textOf(first, t.lang)}>
            {textOf(first, t.lang)}
          </div>
          <div className="ell sub t12">
            {changes !== '' && <b>{t('hint.changed', { what: changes })} </b>}
            {joined(rest) || (changes === '' ? request.complaint : '')}
          </div>
        </div>
      </>
    );
  }
  if (request.kind === 'imaging') return <span className="muted t12">{t('hint.image')}</span>;
  switch (request.screening_status) {
    case 'pending':
      return <Missing word={t('hint.pending')} />;
    case 'failed':
      return <Missing word={t('hint.failed')} />;
    case 'screened':
      return (
        <span className="muted t12">
          {t('hint.none')}，{t('hint.noneWhat')}
        </span>
      );
    default:
      return <Missing word={t('hint.off')} />;
  }
}
