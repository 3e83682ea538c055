//! Keys, certificates and certificate requests as Talos makes and reads them.
