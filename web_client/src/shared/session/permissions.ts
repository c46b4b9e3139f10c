import { type Role, useSession } from './session';

export type Action =
  | 'exam.create'
  | 'exam.read'
  | 'exam.export'
  | 'events.listen'
  | 'worklist.read'
  | 'request.update'
  | 'request.claim'
  | 'report.read'
  | 'report.write'
  | 'report.sign'
  | 'report.acknowledge'
  | 'consult.open'
  | 'consult.join'
  | 'device.manage'
  | 'forwarding.manage'
  | 'lifecycle.manage';

const TOWNSHIP: readonly Role[] = ['township_technician', 'township_doctor'];
const READERS: readonly Role[] = ['county_reader', 'county_reviewer'];
const CLINICIANS: readonly Role[] = [
  'village_doctor',
  'township_doctor',
  'county_reader',
  'county_reviewer',
  'county_duty',
  'cath_team',
  'stroke_team',
  'city_expert',
];

/** What the page shows, after the server's policy table; the server decides, and refuses what is not there. */
const POLICY: Readonly<Record<Action, readonly Role[]>> = {
  'exam.create': ['township_technician'],
  'exam.read': CLINICIANS,
  'exam.export': [...READERS, 'township_doctor', 'county_duty'],
  'events.listen': [...CLINICIANS, ...TOWNSHIP],
  'worklist.read': [...CLINICIANS, ...TOWNSHIP],
  'request.update': TOWNSHIP,
  'request.claim': READERS,
  'report.read': [...CLINICIANS, ...TOWNSHIP],
  'report.write': READERS,
  'report.sign': READERS,
  'report.acknowledge': ['township_doctor'],
  'consult.open': ['township_doctor', 'county_duty', 'cath_team', 'stroke_team'],
  'consult.join': CLINICIANS,
  'device.manage': ['system_administrator'],
  'forwarding.manage': ['system_administrator'],
  'lifecycle.manage': ['medical_office'],
};

export function allows(roles: readonly Role[], action: Action): boolean {
  return roles.some((role) => POLICY[action].includes(role));
}

const NOBODY: readonly Role[] = [];

/** Tells whether whoever is signed in may do something. */
export function useCan(): (action: Action) => boolean {
  const roles = useSession((state) => state.session?.person.roles ?? NOBODY);
  return (action) => allows(roles, action);
}

/** The examining side works in light rooms and sends; the reading side reads. */
export function isExaminingSide(roles: readonly Role[]): boolean {
  return roles.some((role) => TOWNSHIP.includes(role)) && !allows(roles, 'request.claim');
}
