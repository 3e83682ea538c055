package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
)

type certRequest struct {
	Name string `json:"name"`
	Op   string `json:"op"` // parse | verify | request
	PEM  string `json:"pem"`

	// request only, with a key in PEM
	Organizations []string `json:"organizations"`
	IPAddresses   []net.IP `json:"ip_addresses"`
	DNSNames      []string `json:"dns_names"`

	// verify only
	Roots         string     `json:"roots"`
	Intermediates string     `json:"intermediates"`
	Usage         string     `json:"usage"` // client | server
	Host          string     `json:"host"`
	Now           *time.Time `json:"now"`
}

type certAnswer struct {
	Items []pemFacts `json:"items,omitempty"`
	PEM   string     `json:"pem,omitempty"`
	OK    bool       `json:"ok"`
	Error string     `json:"error"`
}

type pemFacts struct {
	Label     string   `json:"label"`
	Canonical bool     `json:"canonical_pem"`
	DERLength int      `json:"der_length"`
	Kind      string   `json:"kind"` // certificate | request | private key | public key
	Key       keyFacts `json:"key"`

	Version            int         `json:"version,omitempty"`
	Serial             string      `json:"serial,omitempty"`
	SerialBits         int         `json:"serial_bits,omitempty"`
	Subject            *nameFacts  `json:"subject,omitempty"`
	Issuer             *nameFacts  `json:"issuer,omitempty"`
	NotBefore          *time.Time  `json:"not_before,omitempty"`
	NotAfter           *time.Time  `json:"not_after,omitempty"`
	ValiditySeconds    int64       `json:"validity_seconds,omitempty"`
	SignatureAlgorithm string      `json:"signature_algorithm,omitempty"`
	SelfSigned         bool        `json:"self_signed,omitempty"`
	IsCA               bool        `json:"is_ca,omitempty"`
	KeyUsage           []string    `json:"key_usage,omitempty"`
	ExtKeyUsage        []string    `json:"ext_key_usage,omitempty"`
	DNSNames           []string    `json:"dns_names,omitempty"`
	IPAddresses        []string    `json:"ip_addresses,omitempty"`
	SubjectKeyID       string      `json:"subject_key_id,omitempty"`
	AuthorityKeyID     string      `json:"authority_key_id,omitempty"`
	Extensions         []extension `json:"extensions,omitempty"`
	Error              string      `json:"error,omitempty"`
}

type keyFacts struct {
	Algorithm       string `json:"algorithm"`
	Encoding        string `json:"encoding,omitempty"`
	SPKIFingerprint string `json:"spki_fingerprint"`
	SPKISHA256Hex   string `json:"spki_sha256_hex"`
}

type nameFacts struct {
	Text string        `json:"text"`
	RDNs [][]attribute `json:"rdns"`
}

type attribute struct {
	OID   string `json:"oid"`
	Tag   int    `json:"asn1_tag"`
	Value string `json:"value"`
}

type extension struct {
	OID      string `json:"oid"`
	Critical bool   `json:"critical"`
	Value    string `json:"value_hex"`
}

func cert(req certRequest) certAnswer {
	switch req.Op {
	case "parse", "":
		items, err := parsePEM([]byte(req.PEM))

		return certAnswer{Items: items, OK: err == nil, Error: errText(err)}
	case "verify":
		err := verifyChain(req)

		return certAnswer{OK: err == nil, Error: errText(err)}
	case "request":
		text, err := makeRequest(req)

		return certAnswer{PEM: text, OK: err == nil, Error: errText(err)}
	default:
		return certAnswer{Error: `op must be "parse", "verify" or "request"`}
	}
}

func makeRequest(req certRequest) (string, error) {
	key, err := (&talosx509.PEMEncodedCertificateAndKey{Key: []byte(req.PEM)}).GetKey()
	if err != nil {
		return "", err
	}

	request, err := talosx509.NewCertificateSigningRequest(
		key, talosx509.Organization(req.Organizations...), talosx509.IPAddresses(req.IPAddresses), talosx509.DNSNames(req.DNSNames),
	)
	if err != nil {
		return "", err
	}

	return string(request.X509CertificateRequestPEM), nil
}

func parsePEM(text []byte) ([]pemFacts, error) {
	var items []pemFacts

	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}

		consumed := text[:len(text)-len(rest)]
		facts := blockFacts(block)
		facts.Canonical = bytes.HasSuffix(consumed, pem.EncodeToMemory(block))
		items = append(items, facts)
		text = rest
	}

	if len(items) == 0 {
		return nil, errors.New("no PEM block")
	}

	return items, nil
}

func blockFacts(block *pem.Block) pemFacts {
	facts := pemFacts{Label: block.Type, DERLength: len(block.Bytes)}

	var err error

	switch block.Type {
	case "CERTIFICATE":
		facts.Kind = "certificate"
		err = certificateFacts(&facts, block.Bytes)
	case "CERTIFICATE REQUEST":
		facts.Kind = "request"
		err = requestFacts(&facts, block.Bytes)
	default:
		facts.Kind, facts.Key, err = parseKey(block.Bytes)
	}

	facts.Error = errText(err)

	return facts
}

func certificateFacts(facts *pemFacts, der []byte) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}

	facts.Version = c.Version
	facts.Serial = fmt.Sprintf("%x", c.SerialNumber)
	facts.SerialBits = c.SerialNumber.BitLen()
	facts.Subject = distinguishedName(c.Subject, c.RawSubject)
	facts.Issuer = distinguishedName(c.Issuer, c.RawIssuer)
	facts.NotBefore, facts.NotAfter = &c.NotBefore, &c.NotAfter
	facts.ValiditySeconds = int64(c.NotAfter.Sub(c.NotBefore).Seconds())
	facts.SignatureAlgorithm = c.SignatureAlgorithm.String()
	facts.SelfSigned = bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
	facts.IsCA = c.IsCA
	facts.KeyUsage = keyUsages(c.KeyUsage)

	for _, u := range c.ExtKeyUsage {
		facts.ExtKeyUsage = append(facts.ExtKeyUsage, u.String())
	}

	facts.DNSNames = c.DNSNames

	for _, ip := range c.IPAddresses {
		facts.IPAddresses = append(facts.IPAddresses, ip.String())
	}

	facts.SubjectKeyID = hex.EncodeToString(c.SubjectKeyId)
	facts.AuthorityKeyID = hex.EncodeToString(c.AuthorityKeyId)
	facts.Extensions = extensions(c.Extensions)
	facts.Key, err = publicKeyFacts(c.PublicKey)
	facts.Key.SPKIFingerprint = talosx509.SPKIFingerprint(c).String()

	return err
}

func requestFacts(facts *pemFacts, der []byte) error {
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}

	facts.Version = r.Version
	facts.Subject = distinguishedName(r.Subject, r.RawSubject)
	facts.SignatureAlgorithm = r.SignatureAlgorithm.String()
	facts.SelfSigned = r.CheckSignature() == nil
	facts.DNSNames = r.DNSNames

	for _, ip := range r.IPAddresses {
		facts.IPAddresses = append(facts.IPAddresses, ip.String())
	}

	facts.Extensions = extensions(r.Extensions)
	facts.Key, err = publicKeyFacts(r.PublicKey)

	return err
}

func parseKey(der []byte) (string, keyFacts, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return privateKeyFacts(key, "PKCS#8")
	}

	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return privateKeyFacts(key, "SEC1")
	}

	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return privateKeyFacts(key, "PKCS#1")
	}

	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return "unknown", keyFacts{}, err
	}

	facts, err := publicKeyFacts(key)
	facts.Encoding = "SPKI"

	return "public key", facts, err
}

func privateKeyFacts(key any, encoding string) (string, keyFacts, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return "private key", keyFacts{}, fmt.Errorf("no signing key: %T", key)
	}

	facts, err := publicKeyFacts(signer.Public())
	facts.Encoding = encoding

	return "private key", facts, err
}

func publicKeyFacts(key any) (keyFacts, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return keyFacts{}, err
	}

	sum := sha256.Sum256(spki)
	facts := keyFacts{
		SPKIFingerprint: base64.StdEncoding.EncodeToString(sum[:]),
		SPKISHA256Hex:   hex.EncodeToString(sum[:]),
	}

	switch k := key.(type) {
	case ed25519.PublicKey:
		facts.Algorithm = "Ed25519"
	case *ecdsa.PublicKey:
		facts.Algorithm = "ECDSA " + k.Curve.Params().Name
	case *rsa.PublicKey:
		facts.Algorithm = fmt.Sprintf("RSA %d e=%d", k.N.BitLen(), k.E)
	default:
		facts.Algorithm = fmt.Sprintf("%T", key)
	}

	return facts, nil
}

func keyUsages(usage x509.KeyUsage) []string {
	names := []string{
		"digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment",
		"keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
	}

	var set []string

	for i, name := range names {
		if usage&(1<<i) != 0 {
			set = append(set, name)
		}
	}

	return set
}

func extensions(list []pkix.Extension) []extension {
	var out []extension

	for _, e := range list {
		out = append(out, extension{e.Id.String(), e.Critical, hex.EncodeToString(e.Value)})
	}

	return out
}

// distinguishedName keeps what pkix.Name loses: the grouping in RDNs and the string types.
func distinguishedName(name pkix.Name, der []byte) *nameFacts {
	facts := &nameFacts{Text: name.String(), RDNs: [][]attribute{}}

	var rdns []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &rdns); err != nil {
		return facts
	}

	for _, rdn := range rdns {
		var set []attribute

		for rest := rdn.Bytes; len(rest) > 0; {
			var (
				av struct {
					Type  asn1.ObjectIdentifier
					Value asn1.RawValue
				}
				err error
			)

			if rest, err = asn1.Unmarshal(rest, &av); err != nil {
				return facts
			}

			set = append(set, attribute{av.Type.String(), av.Value.Tag, string(av.Value.Bytes)})
		}

		facts.RDNs = append(facts.RDNs, set)
	}

	return facts
}

func verifyChain(req certRequest) error {
	block, _ := pem.Decode([]byte(req.PEM))
	if block == nil {
		return errors.New("no PEM block")
	}

	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}

	opts := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		DNSName:       req.Host,
		CurrentTime:   orDefault(req.Now, time.Now()),
	}

	if !opts.Roots.AppendCertsFromPEM([]byte(req.Roots)) {
		return errors.New("no root certificate")
	}

	opts.Intermediates.AppendCertsFromPEM([]byte(req.Intermediates))

	switch req.Usage {
	case "client":
		opts.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case "server":
		opts.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	default:
		return errors.New(`usage must be "client" or "server"`)
	}

	_, err = leaf.Verify(opts)

	return err
}
