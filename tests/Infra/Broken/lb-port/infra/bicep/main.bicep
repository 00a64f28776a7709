param location string = resourceGroup().location

resource group 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg'
  location: location
  properties: {
    securityRules: [
      {
        name: 'media'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Udp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '3478'
        }
      }
      {
        name: 'probe'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '8070'
        }
      }
    ]
  }
}

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
          backendPort: 3479 // expect: lb-port on lb properties.loadBalancingRules[0].properties.backendPort
          frontendIPConfiguration: { id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', 'lb', 'media') }
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', 'lb', 'relays') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', 'lb', 'ready') }
        }
      }
    ]
  }
}
