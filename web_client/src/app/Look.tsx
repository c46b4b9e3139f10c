import { MantineProvider } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { I18nextProvider } from 'react-i18next';
import { i18n } from '@/shared/i18n/words';
import { usePrefs } from '@/shared/prefs/prefs';
import { isExaminingSide } from '@/shared/session/permissions';
import { useSession } from '@/shared/session/session';
import { theme } from '@/shared/theme/theme';

/** Language and light: what the person chose, else what the workplace calls for. */
export function Look({ children }: { children: ReactNode }) {
  const { lang, theme: chosen } = usePrefs();
  const roles = useSession((state) => state.session?.person.roles);
  const light = chosen ?? (roles !== undefined && isExaminingSide(roles) ? 'light' : 'dark');
  useEffect(() => {
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    void i18n.changeLanguage(lang);
  }, [lang]);
  useEffect(() => {
    document.documentElement.dataset.theme = light;
  }, [light]);
  return (
    <I18nextProvider i18n={i18n}>
      {/* No style elements: the policy refuses them, and mantine.css says the same. */}
      <MantineProvider
        theme={theme}
        forceColorScheme={light}
        withCssVariables={false}
        withGlobalClasses={false}
      >
        {children}
      </MantineProvider>
    </I18nextProvider>
  );
}
