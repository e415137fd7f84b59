package io.fairlead.circuitbreaker;

/**
 * How a permit is a number: bits 32 to 63 are the generation of the state that gave it, 30 and 31 its kind, 20 to 29 the slot and
 * 0 to 19 the number of the loan, if it is for a trial. No kind is 0, so that 0 is none.
 */
final class Permits {

  static final int MAX_SLOTS = 1 << 10;
  static final int LOANS = (1 << 20) - 1;

  static final long UNCOUNTED = 3L << 30;

  private static final long CLOSED = 1L << 30;
  private static final long TRIAL = 2L << 30;
  private static final long KIND = 3L << 30;

  private Permits() {}

  static long closed(int generation) {
    return (long) generation << 32 | CLOSED;
  }

  /** From a loan of a {@link Trial}. */
  static long trial(int generation, int loan) {
    return (long) generation << 32 | TRIAL | loan;
  }

  static int loan(int slot, int number) {
    return slot << 20 | number;
  }

  static int slot(int loan) {
    return loan >>> 20;
  }

  static int number(int loan) {
    return loan & LOANS;
  }

  static int generation(long permit) {
    return (int) (permit >>> 32);
  }

  static boolean isTrial(long permit) {
    return (permit & KIND) == TRIAL;
  }

  static int loanOf(long permit) {
    return (int) (permit & (CLOSED - 1));
  }

  /** Whether it looks like a permit that was given in this generation or before. */
  static boolean isPermit(long permit, int generation) {
    return generation(permit) != 0
        && generation - generation(permit) >= 0
        && (isTrial(permit) || permit == closed(generation(permit)));
  }
}
