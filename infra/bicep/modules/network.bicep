import { tagsType } from '../types.bicep'

metadata description = 'Network of one region. Container Apps exposes TCP to the outside only in a network of our own.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@minValue(0)
@maxValue(255)
@description('Number of the region; gives it 10.NUMBER.0.0/16, so that regions can be peered later.')
param regionNumber int

@description('Make a subnet for the relays on virtual machines.')
param withEdge bool

// Room for 4,000 consumption replicas (about ten per address); a /27 would do, and can't be enlarged later.
var appsPrefix = '10.${regionNumber}.0.0/23'
var edgePrefix = '10.${regionNumber}.2.0/24'

resource edgeRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = if (withEdge) {
  name: 'nsg-voice-edge'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'media-udp'
        properties: {
          description: 'Media over UDP from anywhere.'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Udp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: edgePrefix
          destinationPortRange: '3478'
        }
      }
      {
        name: 'media-tcp'
        properties: {
          description: 'Media over ICE-TCP from anywhere.'
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: edgePrefix
          destinationPortRange: '3478'
        }
      }
      {
        name: 'health-probe'
        properties: {
          description: 'The load balancer asks /readyz.'
          priority: 120
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: edgePrefix
          destinationPortRange: '8070'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          description: 'No SSH, and nothing from the rest of the network: the default rules would let it in.'
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-voice'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.${regionNumber}.0.0/16'] }
    // Inline, since a subnet that is declared apart goes away at each update of the network.
    subnets: concat(
      [
        {
          name: 'apps'
          properties: {
            addressPrefix: appsPrefix
            delegations: [
              {
                name: 'container-apps'
                properties: { serviceName: 'Microsoft.App/environments' }
              }
            ]
          }
        }
      ],
      withEdge
        ? [
            {
              name: 'edge'
              properties: {
                addressPrefix: edgePrefix
                // Outbound goes through the load balancer's rule; Azure's implicit outbound address is going away.
                defaultOutboundAccess: false
                networkSecurityGroup: { id: edgeRules.id }
              }
            }
          ]
        : []
    )
  }
}

@description('Subnet of the Container Apps environment.')
output appsSubnetId string = '${network.id}/subnets/apps'

@description('Subnet of the relays on virtual machines; empty in `aca-tcp`.')
output edgeSubnetId string = withEdge ? '${network.id}/subnets/edge' : ''
