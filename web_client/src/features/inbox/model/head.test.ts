import { describe, expect, test } from 'vitest';
import { readHead } from './head';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An element in explicit little endian with a short length. */
function element(group: number, number: number, vr: string, value: Uint8Array): Uint8Array {
  const padded = value.length % 2 === 0 ? value : new Uint8Array([...value, 0x20]);
  const head = new DataView(new ArrayBuffer(8));
  head.setUint16(0, group, true);
  head.setUint16(2, number, true);
  head.setUint8(4, vr.charCodeAt(0));
  head.setUint8(5, vr.charCodeAt(1));
  head.setUint16(6, padded.length, true);
  return new Uint8Array([...new Uint8Array(head.buffer), ...padded]);
}

function part10(charset: string, name: Uint8Array, sopClass = '1.2.840.10008.5.1.4.1.1.2'): Blob {
  const parts = [
    new Uint8Array(128),
    ascii('DICM'),
    element(0x0002, 0x0002, 'UI', ascii(sopClass)),
    element(0x0002, 0x0010, 'UI', ascii('1.2.840.10008.1.2.1')),
    element(0x0008, 0x0005, 'CS', ascii(charset)),
    element(0x0008, 0x0060, 'CS', ascii('CT')),
    element(0x0008, 0x1030, 'LO', ascii('HEAD')),
    element(0x0010, 0x0010, 'PN', name),
    element(0x0010, 0x0040, 'CS', ascii('M')),
    element(0x0010, 0x1010, 'AS', ascii('058Y')),
    element(0x0020, 0x000d, 'UI', ascii('1.2.3')),
    element(0x0020, 0x000e, 'UI', ascii('1.2.3.4')),
  ];
  return new Blob(parts.map((part) => part.slice()));
}

// 王模拟 in GB18030.
const GB = new Uint8Array([0xcd, 0xf5, 0xc4, 0xa3, 0xc4, 0xe2]);

describe('a head', () => {
  test('names study, patient and examination', async () => {
    expect(await readHead(part10('ISO_IR 192', new TextEncoder().encode('Wang^Moni=王^模拟=')))).toEqual({
      studyUid: '1.2.3',
      patientName: '王 模拟',
      patientSex: 'M',
      patientAge: '058Y',
      modality: 'CT',
      description: 'HEAD',
    });
  });

  test.each(['GB18030', 'ISO_IR 6', ''])('reads a Chinese name said to be %j', async (charset) => {
    expect((await readHead(part10(charset, GB)))?.patientName).toBe('王模拟');
  });

  test('reads a name behind an escape sequence', async () => {
    const escaped = new Uint8Array([0x1b, 0x24, 0x29, 0x41, ...GB]);
    expect((await readHead(part10('\\ISO 2022 IR 58', escaped)))?.patientName).toBe('王模拟');
  });

  test('of what may be an ECG of another format is left to the server', async () => {
    const scp = new Blob([new Uint8Array([0x12, 0x34, 0x88, 0x13, 0, 0, 6, 0])]);
    expect(await readHead(scp)).toMatchObject({ studyUid: '', modality: 'ECG' });
    const xml = new Blob(['<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3"/>']);
    expect(await readHead(xml)).toMatchObject({ modality: 'ECG' });
  });

  test.each(['', 'MZ', '%PDF-1.7', '[AutoRun]', '<!DOCTYPE HTML>', '\u0089PNG'])(
    'is none of %j',
    async (text) => {
      expect(await readHead(new Blob([new Uint8Array([...text].map((c) => c.charCodeAt(0)))]))).toBeNull();
    },
  );

  test('is none of a program, and none of a disc’s table of contents', async () => {
    expect(await readHead(new Blob(['MZ']))).toBeNull();
    expect(await readHead(part10('', ascii('A'), '1.2.840.10008.1.3.10'))).toBeNull();
  });

  test('of a damaged file is empty: the server says what is wrong', async () => {
    const damaged = new Blob([
      new Uint8Array(128),
      'DICM',
      new Uint8Array([2, 0, 2, 0, 0x55, 0x49, 255, 255]),
    ]);
    expect(await readHead(damaged)).toMatchObject({ studyUid: '' });
  });
});
