export default function Integration() {
  return null;
}
