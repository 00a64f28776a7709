// WAVE files of PCM16 mono, in Node and in a page.

const HEADER_BYTES = 44;

/** @returns {Uint8Array} the bytes of a file with these samples */
export function wavFile(samples, sampleRate) {
  const bytes = new Uint8Array(HEADER_BYTES + samples.length * 2);
  const header = new DataView(bytes.buffer);
  const word = (at, text) => [...text].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  word(0, "RIFF");
  header.setUint32(4, bytes.length - 8, true);
  word(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, sampleRate, true);
  header.setUint32(28, sampleRate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  word(36, "data");
  header.setUint32(40, samples.length * 2, true);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), HEADER_BYTES);
  return bytes;
}

/** @param file {Uint8Array} a file with a header of 44 bytes @returns {Int16Array} */
export const wavSamples = (file) => new Int16Array(file.buffer.slice(file.byteOffset + HEADER_BYTES, file.byteOffset + file.length));
