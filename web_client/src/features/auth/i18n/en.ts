import type { Dictionary } from './zh';

export const en: Dictionary = {
  'login.title': 'Sign in',
  'login.login': 'Account',
  'login.password': 'Password',
  'login.submit': 'Sign in',
  'login.busy': 'Signing in…',
  'login.empty': 'Enter your account and password.',
  'login.caps': 'Caps Lock is on.',
  'login.expired': 'Your session has ended. Sign in again to return to where you were.',
  'login.signedOut': 'You have signed out.',
  'login.hint': 'Forgotten password: ask the system administrator of your institution.',
  'login.disclaimer':
    'Machine hints are for reference only, are not registered, and do not replace a physician.',
};
