export default function Tester() {
  return null;
}
