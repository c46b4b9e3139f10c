import { IconAlertTriangle, IconLock } from '@tabler/icons-react';
import { type FormEvent, type KeyboardEvent, useRef, useState } from 'react';
import { api, bodyOf, useProblemText } from '@/shared/api';
import { useShared } from '@/shared/i18n';
import { enterSession, type Session } from '@/shared/session/session';
import { Button, Logo } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './login.module.css';

interface Props {
  /** Why the form is shown, where that needs a word. */
  readonly reason: 'expired' | 'signedOut' | null;
  readonly lastLogin: string;
  readonly onSignedIn?: (session: Session) => void;
}

export function LoginForm({ reason, lastLogin, onSignedIn = enterSession }: Props) {
  const t = useWords();
  const app = useShared();
  const text = useProblemText();
  const [login, setLogin] = useState(lastLogin);
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [caps, setCaps] = useState(false);
  const [message, setMessage] = useState('');
  const [loginField, passwordField] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];

  async function signIn(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (login.trim() === '' || password === '') {
      setMessage(t('login.empty'));
      (login.trim() === '' ? loginField : passwordField).current?.focus();
      return;
    }
    setBusy(true);
    setMessage('');
    try {
      onSignedIn(await bodyOf(api.POST('/api/session', { body: { login: login.trim(), password } })));
    } catch (error) {
      setMessage(text(error));
      setPassword('');
      passwordField.current?.focus();
    } finally {
      setBusy(false);
    }
  }

  const watchCaps = (event: KeyboardEvent): void => setCaps(event.getModifierState('CapsLock'));
  return (
    <form
      className={`panel ${styles.form}`}
      aria-label={t('login.title')}
      noValidate
      onSubmit={(event) => void signIn(event)}
    >
      <div className="brand">
        <Logo />
        {app('app.name')}
        <small>{app('app.tagline')}</small>
      </div>
      {reason !== null && (
        <p className={styles.reason} role="status">
          <IconLock size={16} /> {t(`login.${reason}`)}
        </p>
      )}
      <label>
        {t('login.login')}
        <input
          ref={loginField}
          name="login"
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={200}
          // biome-ignore lint/a11y/noAutofocus: the form is all there is to do, and says why it is there
          autoFocus={lastLogin === ''}
          value={login}
          onChange={(event) => setLogin(event.target.value)}
        />
      </label>
      <label>
        {t('login.password')}
        <input
          ref={passwordField}
          name="password"
          type="password"
          autoComplete="current-password"
          maxLength={200}
          // biome-ignore lint/a11y/noAutofocus: the same
          autoFocus={lastLogin !== ''}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          onKeyDown={watchCaps}
          onKeyUp={watchCaps}
        />
      </label>
      {caps && (
        <p className={styles.caps} role="status">
          {t('login.caps')}
        </p>
      )}
      <p className={styles.message} role="alert">
        {message !== '' && <IconAlertTriangle size={16} />} {message}
      </p>
      <Button kind="primary" size="tall" type="submit" busy={busy}>
        {t(busy ? 'login.busy' : 'login.submit')}
      </Button>
      <p className="muted t12">{t('login.hint')}</p>
      <p className="muted t12">{t('login.disclaimer')}</p>
    </form>
  );
}
