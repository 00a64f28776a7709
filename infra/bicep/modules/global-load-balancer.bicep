import { tagsType } from '../types.bicep'

metadata description = 'One anycast address in front of the regional load balancers of `udp-edge`. It forwards packets and knows no call.'

@description('Home location of the load balancer\'s configuration; its address is announced everywhere.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Resource ids of the regional load balancers\' frontends.')
param frontends string[]

var balancerName = 'lbe-voice-global'

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: 'pip-voice-global'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Global' }
  properties: {
    publicIPAddressVersion: 'IPv4'
    publicIPAllocationMethod: 'Static'
  }
}

resource balancer 'Microsoft.Network/loadBalancers@2025-05-01' = {
  name: balancerName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Global' }
  properties: {
    frontendIPConfigurations: [
      {
        name: 'media'
        properties: { publicIPAddress: { id: address.id } }
      }
    ]
    backendAddressPools: [
      {
        name: 'regions'
        properties: {
          loadBalancerBackendAddresses: map(range(0, length(frontends)), i => {
            name: 'region-${i}'
            properties: { loadBalancerFrontendIPConfiguration: { id: frontends[i] } }
          })
        }
      }
    ]
    // Ports are those of the regional frontends; the Global tier translates none.
    loadBalancingRules: map(['Udp', 'Tcp'], protocol => {
      name: 'media-${toLower(protocol)}'
      properties: {
        protocol: protocol
        frontendPort: 3478
        backendPort: 3478
        enableFloatingIP: false
        idleTimeoutInMinutes: 4
        loadDistribution: 'Default'
        frontendIPConfiguration: {
          id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', balancerName, 'media')
        }
        backendAddressPool: {
          id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', balancerName, 'regions')
        }
      }
    })
  }
}

@description('The anycast address.')
output address string = address.properties.ipAddress
