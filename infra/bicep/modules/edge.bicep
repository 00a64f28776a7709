import { identitiesType, tagsType } from '../types.bicep'

metadata description = 'Edge `udp-edge` of one region: relays on a scale set behind a Standard Load Balancer, which passes packets on with the client\'s address. Same image as in Container Apps, with a sidecar of its own.'

@description('Azure location; also the region\'s name.')
param location string

@description('Tags of every resource.')
param tags tagsType

@minValue(0)
@maxValue(255)
@description('Number of the region in routing hints.')
param regionNumber int

@description('Shards that the relay looks for.')
param maximumShards int

@description('Slots of the region.')
param slotCount int

@description('Subnet of the relays.')
param subnetId string

@description('Place machines in the location\'s zones.')
param zoneRedundant bool

@description('Machine size.')
param vmSize string

@minValue(1)
@maxValue(100)
@description('Machines.')
param instances int

@minLength(1)
@description('Name of the machines\' administrator. Linux images require one; no rule lets SSH in.')
param adminUsername string = 'voice'

@description('Public key of the administrator. Linux images want one; nothing lets SSH in.')
param sshPublicKey string

@description('Image of services/relay; empty: address and balancer are made, and no machine.')
param image string

@description('Image of the Dapr sidecar.')
param daprdImage string

@description('Login server of the registry.')
param registry string

@description('Outputs of identity.bicep.')
param identities identitiesType

@description('Storage account of the region.')
param storageAccount string

@description('Key Vault of the region.')
param vaultName string

@description('Connection string of Application Insights.')
param insightsConnection string

@description('OTLP endpoint for traces, metrics and log lines, empty: none.')
param otlpEndpoint string

var balancerName = 'lb-voice-edge'
var frontendId = resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', balancerName, 'media')
var poolId = resourceId('Microsoft.Network/loadBalancers/backendAddressPools', balancerName, 'relays')
var probeId = resourceId('Microsoft.Network/loadBalancers/probes', balancerName, 'ready')
// Null is left out; an empty list is not the same everywhere.
var zones = zoneRedundant ? ['1', '2', '3'] : null

// What differs between deployments is user data, which a machine can read at any time. So a new image or setting needs no new machine.
var settings = concat(
  [
    'EDGE_REGISTRY=${registry}'
    'EDGE_PULL_CLIENT_ID=${identities.pull.clientId}'
    'EDGE_RELAY_IMAGE=${image}'
    'EDGE_DAPRD_IMAGE=${daprdImage}'
    'VOICE_STORAGE_ACCOUNT=${storageAccount}'
    'VOICE_STATE_CLIENT_ID=${identities.relay.clientId}'
    'VOICE_KEY_VAULT=${vaultName}'
    'VOICE_SECRETS_CLIENT_ID=${identities.relay.clientId}'
    'VOICE_LOG_JSON=1'
    'ASPNETCORE_HTTP_PORTS=8070'
    'Fleet__Region=${location}'
    'Fleet__RegionNumber=${regionNumber}'
    'Fleet__SlotCount=${slotCount}'
    'Fleet__MaximumShards=${maximumShards}'
    'Relay__PublicEndpoint=0.0.0.0:3478'
    'Relay__PublicTcpEndpoint=0.0.0.0:3478'
    'Relay__TcpClientsAreHidden=false'
    'APPLICATIONINSIGHTS_CONNECTION_STRING=${insightsConnection}'
  ],
  empty(otlpEndpoint) ? [] : ['OTEL_EXPORTER_OTLP_ENDPOINT=${otlpEndpoint}']
)

// What a machine is made of; the same for every region and deployment.
var cloudInit = replace(
  replace(
    loadTextContent('../cloud-init/relay.yaml'),
    '__SESSIONS_COMPONENT__',
    base64(loadTextContent('../../../components/azure/sessions.yaml'))
  ),
  '__SECRETS_COMPONENT__',
  base64(loadTextContent('../../../components/azure/secrets.yaml'))
)

resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: 'pip-voice-edge'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  zones: zones
  properties: {
    publicIPAddressVersion: 'IPv4'
    publicIPAllocationMethod: 'Static'
  }
}

resource balancer 'Microsoft.Network/loadBalancers@2025-05-01' = {
  name: balancerName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: {
    frontendIPConfigurations: [
      {
        name: 'media'
        properties: { publicIPAddress: { id: address.id } }
      }
    ]
    backendAddressPools: [
      { name: 'relays' }
    ]
    probes: [
      {
        name: 'ready'
        properties: {
          protocol: 'Http'
          port: 8070
          requestPath: '/readyz'
          intervalInSeconds: 5
          numberOfProbes: 1
          probeThreshold: 1
        }
      }
    ]
    loadBalancingRules: [
      {
        name: 'media-udp'
        properties: {
          protocol: 'Udp'
          frontendPort: 3478
          backendPort: 3478
          // Five-tuple: a client that changes its address may reach another relay, which finds the call by the hint.
          loadDistribution: 'Default'
          idleTimeoutInMinutes: 4
          disableOutboundSnat: true
          enableFloatingIP: false
          frontendIPConfiguration: { id: frontendId }
          backendAddressPool: { id: poolId }
          probe: { id: probeId }
        }
      }
      {
        name: 'media-tcp'
        properties: {
          protocol: 'Tcp'
          frontendPort: 3478
          backendPort: 3478
          loadDistribution: 'Default'
          idleTimeoutInMinutes: 4
          // A caller whose flow is forgotten hears of it at once instead of after its own time-out.
          enableTcpReset: true
          disableOutboundSnat: true
          enableFloatingIP: false
          frontendIPConfiguration: { id: frontendId }
          backendAddressPool: { id: poolId }
          probe: { id: probeId }
        }
      }
    ]
    // The way out: images, stores, and the links to the shards, which let only this address in.
    outboundRules: [
      {
        name: 'out'
        properties: {
          protocol: 'All'
          // An address has 64,000: more than the machines' share of them is refused. A relay needs one for each link, and some for images and stores.
          allocatedOutboundPorts: instances <= 60 ? 1024 : 512
          idleTimeoutInMinutes: 15
          enableTcpReset: true
          frontendIPConfigurations: [{ id: frontendId }]
          backendAddressPool: { id: poolId }
        }
      }
    ]
  }
}

resource relays 'Microsoft.Compute/virtualMachineScaleSets@2025-04-01' = if (!empty(image)) {
  name: 'vmss-voice-relay'
  location: location
  tags: tags
  zones: zones
  sku: { name: vmSize, tier: 'Standard', capacity: instances }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identities.relay.id}': {}
      '${identities.pull.id}': {}
    }
  }
  properties: {
    orchestrationMode: 'Flexible'
    singlePlacementGroup: false
    platformFaultDomainCount: 1
    // A machine whose relay does not answer /healthz is replaced. Not /readyz: with the store away all would be.
    automaticRepairsPolicy: { enabled: true, gracePeriod: 'PT15M', repairAction: 'Replace' }
    upgradePolicy: {
      mode: 'Rolling'
      rollingUpgradePolicy: {
        maxBatchInstancePercent: 50
        maxUnhealthyInstancePercent: 50
        maxUnhealthyUpgradedInstancePercent: 50
        pauseTimeBetweenBatches: 'PT30S'
        prioritizeUnhealthyInstances: true
        rollbackFailedInstancesOnPolicyBreach: true
      }
    }
    virtualMachineProfile: {
      userData: base64(join(settings, '\n'))
      osProfile: {
        computerNamePrefix: 'relay'
        adminUsername: adminUsername
        customData: base64(cloudInit)
        linuxConfiguration: {
          disablePasswordAuthentication: true
          provisionVMAgent: true
          patchSettings: { patchMode: 'AutomaticByPlatform', assessmentMode: 'AutomaticByPlatform' }
          ssh: {
            publicKeys: [
              { path: '/home/${adminUsername}/.ssh/authorized_keys', keyData: sshPublicKey }
            ]
          }
        }
      }
      securityProfile: {
        securityType: 'TrustedLaunch'
        uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
      }
      storageProfile: {
        imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
        osDisk: {
          createOption: 'FromImage'
          caching: 'ReadWrite'
          diskSizeGB: 32
          deleteOption: 'Delete'
          managedDisk: { storageAccountType: 'StandardSSD_LRS' }
        }
      }
      networkProfile: {
        networkApiVersion: '2020-11-01'
        networkInterfaceConfigurations: [
          {
            name: 'nic'
            properties: {
              primary: true
              deleteOption: 'Delete'
              ipConfigurations: [
                {
                  name: 'ip'
                  properties: {
                    primary: true
                    privateIPAddressVersion: 'IPv4'
                    subnet: { id: subnetId }
                    loadBalancerBackendAddressPools: [{ id: poolId }]
                  }
                }
              ]
            }
          }
        ]
      }
      extensionProfile: {
        extensions: [
          {
            name: 'health'
            properties: {
              publisher: 'Microsoft.ManagedServices'
              type: 'ApplicationHealthLinux'
              typeHandlerVersion: '1.0'
              autoUpgradeMinorVersion: true
              settings: {
                protocol: 'http'
                port: 8070
                requestPath: '/healthz'
                intervalInSeconds: 5
                numberOfProbes: 3
              }
            }
          }
        ]
      }
    }
  }
  dependsOn: [balancer]
}

@description('Where clients\' packets come to, and the relays\' links come from.')
output address string = address.properties.ipAddress

@description('For the Global tier\'s backend pool.')
output frontendId string = frontendId
