import { type FormEvent, useState } from 'react';
import { placeName } from '@/shared/format/format';
import { Button, Dialog, ErrorLine } from '@/shared/ui';
import { type DeviceList, useRegister } from '../api/useDevices';
import { useWords } from '../i18n';
import { faultOf } from '../model';
import styles from './devices.module.css';

interface Props {
  readonly institutions: DeviceList['institutions'];
  /** Who called already: title and address are known. */
  readonly caller: { readonly ae_title: string; readonly address: string } | null;
  readonly onClose: () => void;
}

export function DeviceForm({ institutions, caller, onClose }: Props) {
  const t = useWords();
  const register = useRegister();
  const [draft, setDraft] = useState({
    ae_title: caller?.ae_title ?? '',
    institution: institutions.length === 1 ? (institutions[0]?.code ?? '') : '',
    networks: caller?.address ?? '',
    host: '',
    port: '104',
    tls: false,
    description: '',
    may_query: false,
    may_see_worklist: false,
  });
  const [tried, setTried] = useState(false);
  const fault = faultOf(draft);
  const field = (name: 'ae_title' | 'networks' | 'host' | 'port' | 'description', most: number) => ({
    value: draft[name],
    maxLength: most,
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  });
  const check = (name: 'tls' | 'may_query' | 'may_see_worklist') => ({
    type: 'checkbox',
    checked: draft[name],
    onChange: (event: { target: { checked: boolean } }) =>
      setDraft({ ...draft, [name]: event.target.checked }),
  });

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setTried(true);
    if (fault !== null) return;
    const host = draft.host.trim();
    await register
      .mutateAsync({
        ae_title: draft.ae_title.trim(),
        institution: draft.institution,
        networks: draft.networks.split(/[,，\s]+/).filter((each) => each !== ''),
        address: host === '' ? null : { host, port: Number(draft.port), tls: draft.tls },
        description: draft.description.trim() || null,
        may_query: draft.may_query,
        may_see_worklist: draft.may_see_worklist,
      })
      // What the server refused is shown in the form, which stays.
      .then(onClose, () => {});
  }

  return (
    <Dialog title={t('form.title')} open onClose={onClose} size={640}>
      <form className={styles.form} noValidate onSubmit={(event) => void save(event)}>
        <label>
          {t('form.ae')}
          <input name="ae_title" autoFocus {...field('ae_title', 16)} />
          <small className="muted t12">{t('form.aeWhat')}</small>
        </label>
        <label>
          {t('form.institution')}
          <select
            name="institution"
            value={draft.institution}
            onChange={(event) => setDraft({ ...draft, institution: event.target.value })}
          >
            <option value="" />
            {institutions.map((each) => (
              <option key={each.code} value={each.code}>
                {placeName(each, t.lang)}
              </option>
            ))}
          </select>
        </label>
        <label className={styles.wide}>
          {t('form.networks')}
          <input name="networks" {...field('networks', 400)} />
          <small className="muted t12">{t('form.networksWhat')}</small>
        </label>
        <label>
          {t('form.host')}
          <input name="host" {...field('host', 255)} />
        </label>
        <label>
          {t('form.port')}
          <input name="port" inputMode="numeric" {...field('port', 5)} />
        </label>
        <label className={styles.wide}>
          {t('form.description')}
          <input name="description" {...field('description', 200)} />
        </label>
        <label className={styles.check}>
          <input {...check('tls')} /> {t('form.tls')}
        </label>
        <label className={styles.check}>
          <input {...check('may_query')} /> {t('form.query')}
        </label>
        <label className={styles.check}>
          <input {...check('may_see_worklist')} /> {t('form.worklist')}
        </label>
        <div className={styles.wide}>
          {tried && fault !== null && (
            <p className="c-red t13" role="alert">
              {t(fault)}
            </p>
          )}
          {register.error !== null && (
            <ErrorLine error={register.error} texts={{ 'device-taken': t('error.device-taken') }} />
          )}
        </div>
        <div className={`${styles.wide} ${styles.foot}`}>
          <Button onClick={onClose}>{t('act.cancel')}</Button>
          <Button kind="primary" type="submit" busy={register.isPending}>
            {t('act.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
