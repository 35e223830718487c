export default function DeliveryPage() {
  return null;
}
