import { describe, expect, it } from 'vitest';
import type { Route } from './api/useForwarding';
import { conditionsOf, faultOf, isUid, patternsOf, typedOf } from './model';

const ROUTE: Route = {
  id: '1',
  destination_id: 'd',
  destination_ae: 'PACS',
  source_aes: [],
  institution_ids: ['i1'],
  modalities: ['CT', 'MR'],
  stations: [],
  descriptions: ['*胸部*'],
  priority: 'medium',
  enabled: true,
};
const DRAFT = { destination_id: 'd', source_aes: '', modalities: '', stations: '', descriptions: '' };

describe('patterns', () => {
  it('stand one a line', () => {
    expect(patternsOf(' CT\n\nMR \r\n')).toEqual(['CT', 'MR']);
    expect(patternsOf('CHEST PA')).toEqual(['CHEST PA']);
    expect(patternsOf('')).toEqual([]);
  });

  it('are the same after a route was looked at, commas and all', () => {
    const patterns = ['CHEST, PA', '胸部，平扫', '头、颈', 'CT?'];
    expect(patternsOf(typedOf(patterns))).toEqual(patterns);
    expect(patternsOf(typedOf(undefined))).toEqual([]);
  });

  it('are told a condition a line, places by name', () => {
    const lines = conditionsOf(
      ROUTE,
      (each) => each,
      (id) => `place ${id}`,
      '、',
    );
    expect(lines).toEqual(['institutions: place i1', 'modalities: CT、MR', 'descriptions: *胸部*']);
  });

  it('of a route for everything are none', () => {
    const all = { ...ROUTE, institution_ids: [], modalities: [], descriptions: [] };
    expect(
      conditionsOf(
        all,
        (each) => each,
        (id) => id,
        ',',
      ),
    ).toEqual([]);
  });
});

describe('a draft', () => {
  it('needs a destination', () => {
    expect(faultOf(DRAFT)).toBeNull();
    expect(faultOf({ ...DRAFT, destination_id: '' })).toBe('form.noDestination');
  });

  it('has conditions that the server takes', () => {
    expect(faultOf({ ...DRAFT, stations: 'x'.repeat(64) })).toBeNull();
    expect(faultOf({ ...DRAFT, stations: 'x'.repeat(65) })).toBe('form.tooLong');
    expect(faultOf({ ...DRAFT, modalities: Array.from({ length: 33 }, () => 'CT').join('\n') })).toBe(
      'form.tooLong',
    );
  });
});

describe('a UID', () => {
  it.each(['1.2.840.10008.1.1', '2.25.0', '1', '1.02.003'])('is %s', (text) =>
    expect(isUid(text)).toBe(true),
  );
  it.each(['', '1..2', '.1', '1.2.', '1.2\n', 'a.b', '１.２', `1.${'2'.repeat(63)}`])('is not %s', (text) =>
    expect(isUid(text)).toBe(false),
  );
});
