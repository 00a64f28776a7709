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
      { name: 'ready', properties: { protocol: 'Http', port: 8070, requestPath: '/readyz', intervalInSeconds: 5 } }
    ]
    loadBalancingRules: [
      {
        name: 'media'
        properties: {
          protocol: 'Udp'
          frontendPort: 3478
          backendPort: 3478
          frontendIPConfiguration: { id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', 'lb', 'medai') } // expect: lb-reference on lb properties.loadBalancingRules[0].properties.frontendIPConfiguration.id
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', 'lb', 'relays') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', 'lb', 'ready') }
        }
      }
    ]
  }
}
