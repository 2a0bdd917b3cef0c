// Styles are part of the bundle.
declare module "*.css";
