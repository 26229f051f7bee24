export function greeting(state) {
  return `Sample: ${state}`;
}
