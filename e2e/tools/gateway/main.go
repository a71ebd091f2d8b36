// Gateway translates a Gateway and its routes to an Envoy configuration, with the code of Cilium's operator.
//
// It reads a JSON list of objects from standard input: one Gateway, routes, Services and EndpointSlices. It
// writes an Envoy bootstrap to standard output. Only what Cilium's agent provides at run time is replaced:
// addresses of listeners, certificates, routes by name, and endpoints.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/cilium/cilium/operator/pkg/model"
	"github.com/cilium/cilium/operator/pkg/model/ingestion"
	"github.com/cilium/cilium/operator/pkg/model/translation"
	gatewayapi "github.com/cilium/cilium/operator/pkg/model/translation/gateway-api"
)

var (
	httpPort    = flag.Uint("http-port", 0, "port for plain HTTP")
	httpsPort   = flag.Uint("https-port", 0, "port for HTTPS")
	adminPort   = flag.Uint("admin-port", 0, "port of Envoy's admin interface")
	certificate = flag.String("certificate", "", "file with the certificate of all HTTPS listeners")
	key         = flag.String("key", "", "file with the key of the certificate")
)

func main() {
	flag.Parse()
	text, err := io.ReadAll(os.Stdin)
	check(err)
	objects, err := read(text)
	check(err)
	bootstrap, err := objects.bootstrap()
	check(err)
	out, err := protojson.Marshal(bootstrap)
	check(err)
	_, err = os.Stdout.Write(out)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// objects is the input: what Cilium's operator gets from the API server.
type objects struct {
	ingestion.Input
	// endpoints maps a port of a Service, as `namespace/name:port`, to a port on loopback.
	endpoints map[string]uint32
}

func read(text []byte) (*objects, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var out objects
	var slices []discoveryv1.EndpointSlice
	for _, object := range list {
		var head struct{ Kind string }
		if err := json.Unmarshal(object, &head); err != nil {
			return nil, err
		}
		var err error
		switch head.Kind {
		case "Gateway":
			err = json.Unmarshal(object, &out.Gateway)
		case "HTTPRoute":
			err = appendTo(&out.HTTPRoutes, object)
		case "GRPCRoute":
			err = appendTo(&out.GRPCRoutes, object)
		case "Service":
			err = appendTo(&out.Services, object)
		case "EndpointSlice":
			err = appendTo(&slices, object)
		default:
			err = fmt.Errorf("unexpected kind %q", head.Kind)
		}
		if err != nil {
			return nil, err
		}
	}
	out.endpoints = endpoints(out.Services, slices)
	for _, listener := range out.Gateway.Spec.Listeners {
		merged, err := withContext(&out.Gateway, listener)
		if err != nil {
			return nil, err
		}
		out.MergedListeners = append(out.MergedListeners, *merged)
	}
	return &out, nil
}

func appendTo[T any](list *[]T, object []byte) error {
	var item T
	if err := json.Unmarshal(object, &item); err != nil {
		return err
	}
	*list = append(*list, item)
	return nil
}

// withContext resolves the namespaces whose routes a listener allows, as `resolveAllowedNamespaces` in Cilium's
// operator/pkg/gateway-api/loading/loading.go does.
func withContext(gateway *gatewayv1.Gateway, listener gatewayv1.Listener) (*ingestion.ListenerWithContext, error) {
	merged := ingestion.ListenerWithContext{
		Listener: listener,
		Source: model.FullyQualifiedResource{
			Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway",
			Namespace: gateway.Namespace, Name: gateway.Name,
		},
	}
	from := gatewayv1.NamespacesFromSame
	if allowed := listener.AllowedRoutes; allowed != nil && allowed.Namespaces != nil && allowed.Namespaces.From != nil {
		from = *allowed.Namespaces.From
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
	case gatewayv1.NamespacesFromSame:
		merged.AllowedNamespaces = map[string]struct{}{gateway.Namespace: {}}
	default:
		return nil, fmt.Errorf("listener %s: routes from %s are not supported here", listener.Name, from)
	}
	return &merged, nil
}

func endpoints(services []corev1.Service, slices []discoveryv1.EndpointSlice) map[string]uint32 {
	out := map[string]uint32{}
	for _, slice := range slices {
		for _, service := range services {
			if service.Namespace != slice.Namespace || service.Name != slice.Labels[discoveryv1.LabelServiceName] {
				continue
			}
			for _, port := range service.Spec.Ports {
				for _, target := range slice.Ports {
					if *target.Name == port.Name {
						out[fmt.Sprintf("%s/%s:%d", service.Namespace, service.Name, port.Port)] = uint32(*target.Port)
					}
				}
			}
		}
	}
	return out
}

// bootstrap translates the objects with the settings of a default installation of Cilium.
func (o *objects) bootstrap() (*bootstrapv3.Bootstrap, error) {
	config := translation.Config{
		IPConfig:       translation.IPConfig{IPv4Enabled: true},
		ListenerConfig: translation.ListenerConfig{StreamIdleTimeoutSeconds: 300},
		ClusterConfig:  translation.ClusterConfig{IdleTimeoutSeconds: 60},
		RouteConfig:    translation.RouteConfig{HostNameSuffixMatch: true},
		OriginalIPDetectionConfig: translation.OriginalIPDetectionConfig{
			UseRemoteAddress: true,
		},
	}
	translator := gatewayapi.NewTranslator(translation.NewCECTranslator(config), config)
	translated, _, _, err := translator.Translate(ingestion.GatewayAPI(slog.Default(), o.Input))
	if err != nil {
		return nil, err
	}
	static := &bootstrapv3.Bootstrap_StaticResources{}
	routes := map[string]*routev3.RouteConfiguration{}
	for _, resource := range translated.Spec.Resources {
		message, err := resource.UnmarshalNew()
		if err != nil {
			return nil, err
		}
		switch message := message.(type) {
		case *listenerv3.Listener:
			static.Listeners = append(static.Listeners, message)
		case *routev3.RouteConfiguration:
			routes[message.Name] = message
		case *clusterv3.Cluster:
			o.setEndpoints(message)
			static.Clusters = append(static.Clusters, message)
		default:
			return nil, fmt.Errorf("unexpected resource %T", message)
		}
	}
	if len(static.Listeners) != 1 {
		return nil, fmt.Errorf("%d listeners instead of one", len(static.Listeners))
	}
	listener := static.Listeners[0]
	listener.Address = loopback(uint32(*httpsPort))
	listener.AdditionalAddresses = []*listenerv3.AdditionalAddress{{Address: loopback(uint32(*httpPort))}}
	for _, chain := range listener.FilterChains {
		if err := setCertificate(chain); err != nil {
			return nil, err
		}
		if err := setRoutes(chain, routes); err != nil {
			return nil, err
		}
	}
	return &bootstrapv3.Bootstrap{
		Admin:           &bootstrapv3.Admin{Address: loopback(uint32(*adminPort))},
		StaticResources: static,
	}, nil
}

func loopback(port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       "127.0.0.1",
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// setEndpoints replaces the endpoints that the agent would serve.
func (o *objects) setEndpoints(cluster *clusterv3.Cluster) {
	var endpoints []*endpointv3.LbEndpoint
	if port, found := o.endpoints[cluster.EdsClusterConfig.ServiceName]; found {
		endpoint := &endpointv3.Endpoint{Address: loopback(port)}
		endpoints = append(endpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: endpoint},
		})
	}
	cluster.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC}
	cluster.EdsClusterConfig = nil
	cluster.LoadAssignment = &endpointv3.ClusterLoadAssignment{
		ClusterName: cluster.Name,
		Endpoints:   []*endpointv3.LocalityLbEndpoints{{LbEndpoints: endpoints}},
	}
}

// setCertificate replaces the certificate that the agent would serve.
func setCertificate(chain *listenerv3.FilterChain) error {
	if chain.TransportSocket == nil {
		return nil
	}
	context := &tlsv3.DownstreamTlsContext{}
	if err := chain.TransportSocket.GetTypedConfig().UnmarshalTo(context); err != nil {
		return err
	}
	context.CommonTlsContext.TlsCertificateSdsSecretConfigs = nil
	context.CommonTlsContext.TlsCertificates = []*tlsv3.TlsCertificate{
		{CertificateChain: file(*certificate), PrivateKey: file(*key)},
	}
	packed, err := anypb.New(context)
	chain.TransportSocket.ConfigType = &corev3.TransportSocket_TypedConfig{TypedConfig: packed}
	return err
}

func file(name string) *corev3.DataSource {
	return &corev3.DataSource{Specifier: &corev3.DataSource_Filename{Filename: name}}
}

// setRoutes puts the routes into the connection managers, which refer to them by name.
func setRoutes(chain *listenerv3.FilterChain, routes map[string]*routev3.RouteConfiguration) error {
	for _, filter := range chain.Filters {
		manager := &hcmv3.HttpConnectionManager{}
		if err := filter.GetTypedConfig().UnmarshalTo(manager); err != nil {
			return err
		}
		name := manager.GetRds().GetRouteConfigName()
		config := routes[name]
		if config == nil {
			return fmt.Errorf("no routes %q", name)
		}
		manager.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: config}
		packed, err := anypb.New(manager)
		if err != nil {
			return err
		}
		filter.ConfigType = &listenerv3.Filter_TypedConfig{TypedConfig: packed}
	}
	return nil
}
