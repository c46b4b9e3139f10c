import type { Api } from './api';
import { h, icon, replace } from './dom';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import type { Session } from './model';
import { button } from './parts';
import { asProblem } from './problem';

export interface LoginOptions {
  readonly api: Api;
  readonly tr: Translator;
  /** Why the form is shown, where that needs a word. */
  readonly reason: Extract<Key, 'login.expired' | 'login.signedOut'> | null;
  readonly login: string;
  readonly onSignedIn: (session: Session) => void;
  readonly onLang: () => void;
}

export function loginPage(options: LoginOptions): HTMLElement {
  const { api, tr } = options;
  const message = h('p', { class: 'message', role: 'alert' });
  const caps = h('p', { class: 'caps', role: 'status' });
  const login = field('login', 'text', 'username');
  const password = field('password', 'password', 'current-password');
  login.value = options.login;
  const submit = h('button', { class: 'btn p tall', type: 'submit' }, tr.t('login.submit'));

  const watchCaps = (event: KeyboardEvent): void => {
    replace(caps, event.getModifierState('CapsLock') ? tr.t('login.caps') : '');
  };
  password.addEventListener('keydown', watchCaps);
  password.addEventListener('keyup', watchCaps);

  const signIn = async (): Promise<void> => {
    if (login.value.trim() === '' || password.value === '') {
      replace(message, tr.t('login.empty'));
      (login.value.trim() === '' ? login : password).focus();
      return;
    }
    submit.disabled = true;
    replace(submit, tr.t('login.busy'));
    replace(message);
    try {
      options.onSignedIn(await api.signIn(login.value.trim(), password.value));
    } catch (error) {
      submit.disabled = false;
      replace(submit, tr.t('login.submit'));
      replace(message, icon('tri'), tr.problem(asProblem(error)));
      password.value = '';
      password.focus();
    }
  };
  const form = h(
    'form',
    {
      class: 'panel login',
      'aria-label': tr.t('login.title'),
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          void signIn();
        },
      },
    },
    h('div', { class: 'brand' }, icon('logo', ''), tr.t('app.name'), h('small', {}, tr.t('app.tagline'))),
    options.reason === null
      ? null
      : h('p', { class: 'reason', role: 'status' }, icon('lock'), tr.t(options.reason)),
    h('label', {}, tr.t('login.login'), login),
    h('label', {}, tr.t('login.password'), password),
    caps,
    message,
    submit,
    h('p', { class: 'muted t12' }, tr.t('login.hint')),
  );
  const lang = button(tr.t('lang.switch'), options.onLang, 'g');
  const page = h(
    'div',
    { class: 'loginpage' },
    h('div', { class: 'corner' }, lang),
    form,
    h('p', { class: 'muted t12' }, tr.t('login.disclaimer')),
  );
  requestAnimationFrame(() => (login.value === '' ? login : password).focus());
  return page;
}

function field(name: string, type: string, autocomplete: string): HTMLInputElement {
  return h('input', {
    name,
    type,
    autocomplete,
    required: true,
    maxlength: 200,
    autocapitalize: 'off',
    spellcheck: 'false',
  });
}
