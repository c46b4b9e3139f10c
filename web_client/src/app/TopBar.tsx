import { IconContrast, IconLogout } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, asProblem, bodyOf, useProblemText } from '@/shared/api';
import { placeName } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import { usePrefs } from '@/shared/prefs/prefs';
import { useCan } from '@/shared/session/permissions';
import { leaveSession, usePerson } from '@/shared/session/session';
import { Button, Logo } from '@/shared/ui';
import { pages } from './pages';

export function LanguageSwitch() {
  const t = useShared();
  const other = t.lang === 'zh' ? 'en' : 'zh';
  return (
    <Button
      kind="ghost"
      size="small"
      title={t('lang.label')}
      lang={other === 'zh' ? 'zh-CN' : 'en'}
      onClick={() => usePrefs.setState({ lang: other })}
    >
      {t('lang.switch')}
    </Button>
  );
}

function ThemeSwitch() {
  const t = useShared();
  const dark = document.documentElement.dataset.theme !== 'light';
  return (
    <Button kind="ghost" size="small" onClick={() => usePrefs.setState({ theme: dark ? 'light' : 'dark' })}>
      <IconContrast size={16} />
      {t(dark ? 'theme.toLight' : 'theme.toDark')}
    </Button>
  );
}

function SignOut() {
  const t = useShared();
  const text = useProblemText();
  const [failure, setFailure] = useState<unknown>(null);
  async function signOut(): Promise<void> {
    try {
      await bodyOf(api.DELETE('/api/session'));
      leaveSession('signedOut');
    } catch (error) {
      // Not signed out is said aloud: the next person at this desk would be working as this one.
      if (asProblem(error).status !== 401) setFailure(error);
    }
  }
  return (
    <>
      {failure !== null && (
        <span className="c-red t13" role="alert">
          {text(failure)}
        </span>
      )}
      <Button size="small" onClick={() => void signOut()}>
        <IconLogout size={16} />
        {t('action.signOut')}
      </Button>
    </>
  );
}

/** Where one is, where one can go, and in whose name. */
export function TopBar() {
  const t = useShared();
  const can = useCan();
  const { display_name: name, institution, roles } = usePerson();
  usePrefs((prefs) => prefs.theme);
  const role = roles.map((each) => t.maybe(`role.${each}`)).find((word) => word !== null);
  return (
    <header className="top">
      <a className="skip" href="#page">
        {t('app.skip')}
      </a>
      <div className="brand">
        <Logo />
        {t('app.name')}
        <small className="ell">{placeName(institution, t.lang)}</small>
      </div>
      <nav className="nav" aria-label={t('nav.label')}>
        {pages.map(
          (page) =>
            page.nav !== undefined &&
            can(page.needs) && (
              <Link key={page.path} to={page.path} activeProps={{ 'aria-current': 'page' }}>
                {t(page.nav)}
              </Link>
            ),
        )}
      </nav>
      <span className="end" />
      <ThemeSwitch />
      <LanguageSwitch />
      <span className="who">
        <span className="ava" aria-hidden="true">
          {[...name][0] ?? '·'}
        </span>
        <span className="ell">
          {name} {role !== undefined && <small className="muted t12">{role}</small>}
        </span>
      </span>
      <SignOut />
    </header>
  );
}
