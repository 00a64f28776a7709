param location string = resourceGroup().location


resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: 'pip'
  location: location
  sku: { name: 'Standard', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource balancer 'Microsoft.Network/loadBalancers@2025-05-01' = {
  name: 'lb'
  location: location
  sku: { name: 'Standard' }
  properties: {
    frontendIPConfigurations: [{ name: 'media', properties: { publicIPAddress: { id: address.id } } }]
    backendAddressPools: [{ name: 'relays' }]
    probes: [
      { name: 'ready', properties: { protocol: 'Http', port: 8070, requestPath: '/', intervalInSeconds: 5 } } // expect: lb-probe on lb properties.probes[0].properties.requestPath
    ]
    loadBalancingRules: [
      {
        name: 'media'
        properties: {
          protocol: 'Udp'
          frontendPort: 3478
          backendPort: 3478
          frontendIPConfiguration: { id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', 'lb', 'media') }
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', 'lb', 'relays') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', 'lb', 'ready') }
        }
      }
    ]
  }
}
