// What follows from an object alone, worked out once.

/** A function of an object that keeps what it gave for as long as there is the object, which is not to change. */
export function kept<Of extends object, What>(workOut: (of: Of) => What): (of: Of) => What {
  const known = new WeakMap<Of, What>();
  return (of) => {
    let found = known.get(of);
    if (found === undefined) {
      found = workOut(of);
      known.set(of, found);
    }
    return found;
  };
}
