import { type FormEvent, useState } from 'react';
import { placeName } from '@/shared/format/format';
import { Button, Dialog, ErrorLine } from '@/shared/ui';
import { type Destination, type Institution, type Route, useSaveRoute } from '../api/useForwarding';
import { useWords } from '../i18n';
import { CONDITIONS, faultOf, patternsOf, typedOf } from '../model';
import { DestinationField, PriorityField } from './fields';
import styles from './forwarding.module.css';

interface Props {
  /** The one to change; null for a new one. */
  readonly route: Route | null;
  readonly destinations: readonly Destination[];
  readonly institutions: readonly Institution[];
  readonly onClose: () => void;
}

export function RouteForm({ route, destinations, institutions, onClose }: Props) {
  const t = useWords();
  const save = useSaveRoute();
  const only = destinations.length === 1 ? (destinations[0]?.id ?? '') : '';
  const [draft, setDraft] = useState({
    destination_id: route?.destination_id ?? only,
    priority: route?.priority ?? ('medium' as const),
    institution_ids: route?.institution_ids ?? [],
    source_aes: typedOf(route?.source_aes),
    modalities: typedOf(route?.modalities),
    stations: typedOf(route?.stations),
    descriptions: typedOf(route?.descriptions),
  });
  const [tried, setTried] = useState(false);
  const fault = faultOf(draft);

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (fault !== null) return;
    const body = {
      ...draft,
      source_aes: patternsOf(draft.source_aes),
      modalities: patternsOf(draft.modalities),
      stations: patternsOf(draft.stations),
      descriptions: patternsOf(draft.descriptions),
      enabled: route?.enabled ?? true,
    };
    save.mutate({ id: route?.id ?? null, body }, { onSuccess: onClose });
  }

  function choose(id: string, chosen: boolean): void {
    const others = draft.institution_ids.filter((each) => each !== id);
    setDraft({ ...draft, institution_ids: chosen ? [...others, id] : others });
  }

  return (
    <Dialog title={t(route === null ? 'form.new' : 'form.change')} open onClose={onClose} size={640}>
      <form className={styles.form} noValidate onSubmit={submit}>
        <DestinationField
          destinations={destinations}
          value={draft.destination_id}
          onChange={(destination_id) => setDraft({ ...draft, destination_id })}
        />
        <PriorityField value={draft.priority} onChange={(priority) => setDraft({ ...draft, priority })} />
        {CONDITIONS.map((name) => (
          <label key={name} className={name === 'descriptions' ? styles.wide : ''}>
            {t(`form.${name}`)}
            <textarea
              name={name}
              rows={2}
              spellCheck={false}
              value={draft[name]}
              onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
            />
          </label>
        ))}
        <small className={`muted t12 ${styles.wide}`}>{t('form.patterns')}</small>
        <fieldset className={styles.wide}>
          <legend>{t('form.institutions')}</legend>
          {institutions.map((each) => (
            <label key={each.id} className={styles.check}>
              <input
                type="checkbox"
                checked={draft.institution_ids.includes(each.id)}
                onChange={(event) => choose(each.id, event.target.checked)}
              />
              {placeName(each, t.lang)}
            </label>
          ))}
          <small className="muted t12">{t('form.institutionsWhat')}</small>
        </fieldset>
        <div className={styles.wide}>
          {tried && fault !== null && (
            <p className="c-red t13" role="alert">
              {t(fault)}
            </p>
          )}
          {save.error !== null && (
            <ErrorLine error={save.error} texts={{ 'no-destination': t('error.no-destination') }} />
          )}
        </div>
        <div className={`${styles.wide} ${styles.foot}`}>
          <Button onClick={onClose}>{t('act.cancel')}</Button>
          <Button kind="primary" type="submit" busy={save.isPending}>
            {t('act.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
