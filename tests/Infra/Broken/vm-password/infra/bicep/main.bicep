param location string = resourceGroup().location
param adminUsername string = 'voice'

resource machines 'Microsoft.Compute/virtualMachineScaleSets@2025-04-01' = {
  name: 'vmss'
  location: location
  sku: { name: 'Standard_B2als_v2', capacity: 1 }
  properties: {
    orchestrationMode: 'Flexible'
    platformFaultDomainCount: 1
    virtualMachineProfile: {
      osProfile: {
        computerNamePrefix: 'relay'
        adminUsername: adminUsername
        linuxConfiguration: { disablePasswordAuthentication: false } // expect: vm-password on vmss properties.virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication
      }
    }
  }
}
