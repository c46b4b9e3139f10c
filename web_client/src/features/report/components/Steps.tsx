import { useState } from 'react';
import { useActions } from '@/shared/actions';
import type { ReportOut } from '@/shared/api/types';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { Button, ErrorLine } from '@/shared/ui';
import { type Step, useStep } from '../api/useReport';
import { useWords } from '../i18n';
import { draftOf } from '../model/draft';
import { missingFor, type Stance } from '../model/steps';
import { Missing } from './Missing';
import { type Reason, ReasonForm } from './ReasonForm';
import { stepTexts } from './texts';

interface Props {
  readonly request: Request;
  readonly report: ReportOut;
  readonly stance: Exclude<Stance, 'writes'>;
}

/** What may be done with a report that is not being written here. */
export function Steps({ request, report, stance }: Props) {
  const t = useWords();
  const can = useCan();
  const mutation = useStep(request.id);
  const [asking, setAsking] = useState<Reason | null>(null);
  const missing = stance === 'reviews' ? missingFor('sign', draftOf(report), request, report) : [];
  const step = (what: Step): void => {
    if (!mutation.isPending) mutation.mutate({ ...what, report }, { onSuccess: () => setAsking(null) });
  };
  useActions(
    stance !== 'reviews'
      ? []
      : [
          {
            name: t('act.review'),
            group: t('title'),
            keys: ['Ctrl+Enter'],
            hint: true,
            blocked: missing.length === 0 ? null : t('missing.title', { n: missing.length, items: '' }),
            perform: () => step({ step: 'sign' }),
          },
        ],
  );
  const acknowledges = stance === 'issued' && report.acknowledged_at === null && can('report.acknowledge');
  return (
    <>
      {mutation.error !== null && <ErrorLine error={mutation.error} texts={stepTexts(t)} />}
      {asking !== null ? (
        <ReasonForm
          reason={asking}
          busy={mutation.isPending}
          onCancel={() => setAsking(null)}
          onSend={(text, kind) =>
            step(
              asking === 'amend' ? { step: 'amend', reason: text, kind } : { step: 'return', comment: text },
            )
          }
        />
      ) : (
        <>
          {stance === 'reviews' && (
            <>
              <Button
                kind="primary"
                size="tall"
                keys="Ctrl+Enter"
                data-testid="sign"
                busy={mutation.isPending}
                disabled={missing.length > 0}
                aria-describedby="report-missing"
                onClick={() => step({ step: 'sign' })}
              >
                {t('act.review')}
              </Button>
              <Missing codes={missing} ready={t('missing.ready')} />
              <Button data-testid="return" onClick={() => setAsking('return')}>
                {t('act.return')}
              </Button>
            </>
          )}
          {stance === 'awaits' && <Button onClick={() => setAsking('takeBack')}>{t('act.takeBack')}</Button>}
          {stance === 'issued' && can('report.write') && (
            <Button onClick={() => setAsking('amend')}>{t('act.amend')}</Button>
          )}
          {acknowledges && (
            <Button kind="primary" busy={mutation.isPending} onClick={() => step({ step: 'acknowledge' })}>
              {t('act.acknowledge')}
            </Button>
          )}
        </>
      )}
    </>
  );
}
