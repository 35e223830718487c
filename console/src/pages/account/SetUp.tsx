export default function SetUp() {
  return null;
}
