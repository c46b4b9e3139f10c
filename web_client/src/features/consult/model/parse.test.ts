import { describe, expect, test } from 'vitest';
import { parseMessage } from './parse';
import { person, view, welcome } from './testing';

const messages = {
  welcome: welcome({ view: view({ window: { center: 40, width: 80 } }) }),
  joined: { type: 'joined', participant: person('b') },
  slots: { type: 'slots', slots: [{ mid: '3', participant_id: 'b', kind: 'video' }] },
  view: { type: 'view', view: view({}), version: 3, by: 'b' },
  leader: { type: 'leader', participant_id: null },
  mute: { type: 'mute', participant_id: 'b', audio: true, video: false },
  cursor: { type: 'cursor', participant_id: 'b', x: 0.5, y: 0 },
  closed: { type: 'closed', reason: 'closed' },
  error: { type: 'error', code: 'not-leading', detail: 'x' },
};

describe('messages of the room', () => {
  test.each(Object.entries(messages))('%s is read as it came', (_name, message) => {
    expect(parseMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each(Object.entries(messages))(
    '%s with any field gone or of another kind is none',
    (_name, message) => {
      for (const key of Object.keys(message)) {
        expect(parseMessage(JSON.stringify({ ...message, [key]: undefined }))).toBeNull();
        expect(parseMessage(JSON.stringify({ ...message, [key]: { odd: true } }))).toBeNull();
      }
    },
  );

  test.each([
    ['bytes', new ArrayBuffer(4)],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an unknown type', '{"type":"record"}'],
    ['an offer as the answer', JSON.stringify(welcome({ answer: { type: 'offer', sdp: 'v=0' } }))],
    ['a broken participant among good ones', JSON.stringify(welcome({ participants: [person('a'), {}] }))],
    ['a view without a study', JSON.stringify({ ...messages.view, view: { zoom: 1 } })],
    [
      'a window without a width',
      JSON.stringify({ ...messages.view, view: { ...view({}), window: { center: 1 } } }),
    ],
  ])('%s is none', (_name, data) => {
    expect(parseMessage(data)).toBeNull();
  });
});
