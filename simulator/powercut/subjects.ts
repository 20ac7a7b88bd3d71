/** Everything whose promises are checked against power cuts. */
import { journalSubject } from './journal-subject.js';
import { ledgerSubject } from './ledger-subject.js';
import type { Subject } from './subject.js';

export const SUBJECTS: readonly Subject[] = [journalSubject, ledgerSubject];

export const subjectNamed = (name: Subject['name']): Subject => (name === 'journal' ? journalSubject : ledgerSubject);
