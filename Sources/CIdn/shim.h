#include <stringprep.h>

// Swift cannot import an array of unknown length; it can import a pointer to its first element.
static inline const Stringprep_profile *stringprep_saslprep_steps(void) { return stringprep_saslprep; }
