export default function Integrations() {
  return null;
}
