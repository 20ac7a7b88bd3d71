/** Explains a file-system error to the person who typed the file name. The text follows the name: `FILE: …`. */
const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file: a part of the path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not change it',
  EROFS: 'its disk can only be read',
  ENOSPC: 'its disk is full',
};

export function fileFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return WHY['code' in error ? String(error.code) : ''] ?? error.message;
}
