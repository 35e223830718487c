export default function EndpointPage() {
  return null;
}
